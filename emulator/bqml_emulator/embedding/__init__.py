"""Remote models and the functions that embed: arguments, quota, the calls, their answers as a table."""
