define({
    TOTAL: "{0} Wörter",
    SELECTED: "{0} Wörter markiert",
    TOOLTIP: "Anzahl der Wörter"
});
