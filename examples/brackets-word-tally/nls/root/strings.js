define({
    TOTAL: "{0} words",
    SELECTED: "{0} words selected",
    TOOLTIP: "Number of words"
});
