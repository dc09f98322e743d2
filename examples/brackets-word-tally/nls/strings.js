define({
    root: true,
    de: true,
    fr: true
});
