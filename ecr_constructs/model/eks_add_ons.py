"""The accounts in whose registries AWS publishes the images of EKS and its add-ons."""

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import reject

_MOST = "602401143452"
# As published in November 2026; ap-southeast-5 is missing in some versions of the page.
# https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
ACCOUNTS = {
    "af-south-1": "877085696533",
    "ap-east-1": "800184023465",
    "ap-east-2": "533267051163",
    "ap-south-2": "900889452093",
    "ap-southeast-3": "296578399912",
    "ap-southeast-4": "491585149902",
    "ap-southeast-5": "151610086707",
    "ap-southeast-6": "333609536671",
    "ap-southeast-7": "121268973566",
    "ca-west-1": "761377655185",
    "cn-north-1": "918309763551",
    "cn-northwest-1": "961992271922",
    "eu-central-2": "900612956339",
    "eu-south-1": "590381155156",
    "eu-south-2": "455263428931",
    "eusc-de-east-1": "877088126301",
    "il-central-1": "066635153087",
    "me-central-1": "759879836304",
    "me-south-1": "558608220178",
    "mx-central-1": "730335286997",
    "us-gov-east-1": "151742754352",
    "us-gov-west-1": "013241004608",
    **dict.fromkeys(("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1"), _MOST),
    **dict.fromkeys(("ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1"), _MOST),
    **dict.fromkeys(("eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"), _MOST),
    **dict.fromkeys(("us-east-1", "us-east-2", "us-west-1", "us-west-2"), _MOST),
}


def eks_account(region: str) -> str:
    """Return the account of EKS's images in a Region.

    Example:
        >>> eks_account("eu-south-2")
        '455263428931'

    Raises:
        ValidationError: ``eks-region-unknown``: AWS's list does not have the Region, or the
            Region is a deploy-time value.
    """
    if region not in ACCOUNTS:
        what = "a deploy-time value" if is_unresolved(region) else "not in AWS's list"
        reject(
            "EKS add-ons",
            region,
            "eks-region-unknown",
            f"the Region is {what}, so the account of EKS's images there is unknown",
            path="eks_add_ons",
            remedy="give the stack a Region, or name the account in further_registries; it is "
            "in the image names of the cluster's kube-system pods",
        )
    return ACCOUNTS[region]
