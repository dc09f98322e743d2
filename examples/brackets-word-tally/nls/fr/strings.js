define({
    TOTAL: "{0} mots",
    SELECTED: "{0} mots sélectionnés",
    TOOLTIP: "Nombre de mots"
});
