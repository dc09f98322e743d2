/* Shows how many words the document, or the selection in it, has. */
define(function (require, exports, module) {
    "use strict";

    var AppInit = brackets.getModule("utils/AppInit"),
        EditorManager = brackets.getModule("editor/EditorManager"),
        StatusBar = brackets.getModule("widgets/StatusBar"),
        StringUtils = brackets.getModule("utils/StringUtils"),
        Strings = require("i18n!nls/strings");

    var INDICATOR_ID = "word-tally",
        DELAY = 200; // milliseconds without a keystroke before counting anew

    var $indicator = $("<div>"),
        timer = null;

    function countWords(text) {
        var words = text.match(/\S+/g);
        return words ? words.length : 0;
    }

    function show(editor) {
        var selected = editor.getSelectedText(),
            count = countWords(selected || editor.document.getText()),
            template = selected ? Strings.SELECTED : Strings.TOTAL;
        $indicator.text(StringUtils.format(template, count));
    }

    function showSoon(event, editor) {
        window.clearTimeout(timer);
        timer = window.setTimeout(show, DELAY, editor);
    }

    function follow(event, current, previous) {
        window.clearTimeout(timer);
        if (previous) {
            previous.off(".wordTally");
        }
        StatusBar.updateIndicator(INDICATOR_ID, Boolean(current));
        if (current) {
            current.on("change.wordTally cursorActivity.wordTally", showSoon);
            show(current);
        }
    }

    AppInit.appReady(function () {
        StatusBar.addIndicator(INDICATOR_ID, $indicator, true, "", Strings.TOOLTIP);
        EditorManager.on("activeEditorChange.wordTally", follow);
        follow(null, EditorManager.getActiveEditor(), null);
    });
});
