"""Compare access as sets of principals, actions and resources, never as texts."""
