"""User studies: groups with and without feedback, measured before and after."""
