"""Triggers: they run in the triggerer, which sees plugins/ but not dags/."""
