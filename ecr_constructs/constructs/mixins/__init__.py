"""Settings for repositories that somebody else's code defines, applied with ``cdk.Mixins``.

A mixin changes the repositories that are there when it is applied, below the scope it is applied
to: those of an L1, an L2 or another library, in nested stacks and stages too. It comes after their
code, so what it says stands; what is stated through ``add_property_override`` comes after the
mixin.
"""
