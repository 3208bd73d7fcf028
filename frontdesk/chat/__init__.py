"""The patients' chat: sessions, message log, danger check, answers, streams."""
