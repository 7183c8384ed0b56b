"""Histories of people who want one: who they are, what is kept, and how it is deleted."""
