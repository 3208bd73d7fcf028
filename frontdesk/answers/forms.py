"""What is typed on the pages of answers."""

from __future__ import annotations

import re

from django import forms

from frontdesk.answers.proposals import LONGEST_NOTE


class EditForm(forms.Form):
    """Other words for a text."""

    mark = forms.CharField(max_length=64, widget=forms.HiddenInput)
    text = forms.CharField(
        required=False,
        strip=False,
        label="What patients read",
        widget=forms.Textarea({"rows": 16, "spellcheck": "true"}),
    )
    # A box for each fact, or ids with spaces between.
    sources = forms.Field(required=False, widget=forms.MultipleHiddenInput)
    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        label="Why",
        help_text="For the clinician who decides, and for the history.",
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, label_suffix="", **kwargs)

    def source_ids(self) -> list[str]:
        """The ids, each once."""
        written = " ".join(self.cleaned_data.get("sources") or [])
        given = re.split(r"[\s,;]+", written)
        return list(dict.fromkeys(each for each in given if each))


class ReviewDayForm(forms.Form):
    """Until when a text may be used without a new review; of which text."""

    review_by = forms.DateField()
    mark = forms.CharField(required=False, max_length=64)
