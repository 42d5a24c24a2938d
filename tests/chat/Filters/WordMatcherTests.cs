using Broadcast.Chat.Filters.Words;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests.Filters;

public sealed class WordMatcherTests
{
    [Theory]
    [InlineData("badword", "a badword here")]
    [InlineData("badword", "BADWORD!")]
    [InlineData("badword", "(badword)")]
    [InlineData("badword", "it's badword's turn")]
    [InlineData("badword", "what_badword-now")]
    [InlineData("ass", "you ass")]
    [InlineData("ass", "you a\u015B\u015B")]
    [InlineData("hell", "go to hell!no")]
    [InlineData("kill yourself", "just kill  yourself.")]
    [InlineData("kill yourself", "kill-yourself")]
    [InlineData("kill yourself", "killyourself")]
    [InlineData("badword", "badword1")]
    [InlineData("badword", "12badword34")]
    [InlineData("1488", "the 1488 people")]
    [InlineData("h8", "so much h8")]
    public void Entry_matches_the_whole_word(string entry, string text) => Matches(text, entry).ShouldBeTrue();

    [Theory]
    [InlineData("ass", "class")]
    [InlineData("ass", "as soon as possible")]
    [InlineData("ass", "a s soon")]
    [InlineData("ass", "as s")]
    [InlineData("ass", "assassin, bass, pass, embarrassed")]
    [InlineData("cunt", "Scunthorpe United")]
    [InlineData("penis", "Penistone")]
    [InlineData("cock", "cocktail, Hitchcock, peacock")]
    [InlineData("cum", "cucumber, document, circumstance")]
    [InlineData("anal", "analysis of the canal, annals")]
    [InlineData("tit", "title, competition, titan")]
    [InlineData("sex", "Essex and Sussex, sextant")]
    [InlineData("hell", "hello, shell, Michelle")]
    [InlineData("hell", "he'll, he\u2019ll, he\u02BCll")]
    [InlineData("ill", "I'll")]
    [InlineData("rape", "grape, drapes, therapist, scraped")]
    [InlineData("nig", "night, Nigeria, signify")]
    [InlineData("god", "good")]
    [InlineData("lose", "loose")]
    [InlineData("coon", "con, cocoon")]
    [InlineData("ass", "455 points")]
    [InlineData("ass", "at 4:55, or 4 5 5")]
    [InlineData("ass", "my Galaxy A55")]
    [InlineData("ed", "a 3d film")]
    [InlineData("ss", "it costs $5, $$$")]
    [InlineData("1488", "14888 and 11488 and a488")]
    [InlineData("nigger", "Niger")]
    [InlineData("shit", "class.hit me")]
    [InlineData("pen is", "the pens is")]
    [InlineData("ist", "first, 21st")]
    public void Entry_does_not_match_inside_of_other_words(string entry, string text) => Matches(text, entry).ShouldBeFalse();

    [Theory]
    [InlineData("bad*", "badly", true)]
    [InlineData("bad*", "a baddie", true)]
    [InlineData("bad*", "unbad", false)]
    [InlineData("*bad", "unbad", true)]
    [InlineData("*bad", "badly", false)]
    [InlineData("*bad*", "unbadly", true)]
    [InlineData("*bad*", "b a d", true)]
    [InlineData("*badword*", "so b.a.d.w.o.r.d.l.y", true)]
    [InlineData("* bad *", "unbadly", true)]
    [InlineData("*bad*", "ba dly", false)]
    [InlineData("*ass*", "embarrassing", true)]
    public void Star_opens_an_end_of_an_entry(string entry, string text, bool matches) => Matches(text, entry).ShouldBe(matches);

    [Theory]
    [InlineData("b\u0430dw\u043Erd")] // Cyrillic a and o.
    [InlineData("b\u03B1dw\u03BFrd")] // Greek alpha and omicron.
    [InlineData("\uFF42\uFF41\uFF44\uFF57\uFF4F\uFF52\uFF44")] // Fullwidth.
    [InlineData("\U0001D41B\U0001D41A\U0001D41D\U0001D430\U0001D428\U0001D42B\U0001D41D")] // Mathematical bold.
    [InlineData("\U0001D4B7\U0001D4B6\U0001D4B9\U0001D4CC\u2134\U0001D4C7\U0001D4B9")] // Mathematical script, with a gap.
    [InlineData("\u24D1\u24D0\u24D3\u24E6\u24DE\u24E1\u24D3")] // Circled.
    [InlineData("\U0001F171\U0001F170\U0001F173\U0001F186\U0001F17E\U0001F181\U0001F173")] // Negative squared.
    [InlineData("\U0001F131\U0001F130\U0001F133\U0001F146\U0001F13E\U0001F141\U0001F133")] // Squared.
    [InlineData("\U0001F1E7\U0001F1E6\U0001F1E9\U0001F1FC\U0001F1F4\U0001F1F7\U0001F1E9")] // Regional indicators.
    [InlineData("\u1D47\u1D43\u1D48\u02B7\u1D52\u02B3\u1D48")] // Superscript.
    [InlineData("\u0299\u1D00\u1D05\u1D21\u1D0F\u0280\u1D05")] // Small capitals.
    [InlineData("b\u0301a\u0323d\u0335w\u0336o\u0308r\u030Cd\u0327")] // Combining marks.
    [InlineData("\u1E03\u00E4\u010F\u0175\u00F8\u0159\u0111")] // Precomposed diacritics.
    [InlineData("b\u200Da\u200Cd\uFE0Fword")] // Joiners and variation selectors.
    [InlineData("b4dw0rd")]
    [InlineData("b@dword")]
    [InlineData("B\u0391DW\u039FRD")] // Greek capitals.
    [InlineData("baaaadworrrrd")]
    [InlineData("bbaaddwwoorrdd")]
    [InlineData("b a d w o r d")]
    [InlineData("b.a.d.w.o.r.d")]
    [InlineData("b - a - d - w - o - r - d")]
    [InlineData("B_A_D_W_O_R_D")]
    [InlineData("b\U0001F600a\U0001F600d\U0001F600w\U0001F600o\U0001F600r\U0001F600d")]
    [InlineData("bb aa dd ww oo rr dd")]
    [InlineData("i b a d w o r d u")]
    [InlineData("bad.word")]
    [InlineData("b-adword")]
    [InlineData("bad\u00B7w*ord")]
    [InlineData("b 4 d w 0 r d")]
    public void Disguised_words_match(string text)
    {
        Matches(text, "badword").ShouldBeTrue();
        Matches($"oh {text}, well", "badword").ShouldBeTrue();
        Matches(text, "goodword").ShouldBeFalse();
    }

    [Theory]
    [InlineData("shit", "sh1t", true)]
    [InlineData("shit", "sh!t", true)]
    [InlineData("shit", "$h|t", true)]
    [InlineData("shit", "5h17", true)]
    [InlineData("ass", "@$$", true)]
    [InlineData("ass", "a$$hat", false)]
    [InlineData("slut", "s1ut", true)]
    [InlineData("slut", "sIut", true)]
    [InlineData("slut", "s|ut", true)]
    [InlineData("shit", "shlt", true)]
    [InlineData("slit", "sllt", false)]
    [InlineData("die", "DLE", false)]
    [InlineData("dist", "dllist", false)]
    [InlineData("fail", "fall", false)]
    [InlineData("fall", "fail", false)]
    [InlineData("Ηλίθιος", "ΗΛΙΘΙΟΣ", true)]
    [InlineData("hello", "Ηεllο", true)]
    [InlineData("moron", "mo\u0433o\u043F", true)]
    [InlineData("b\u00F6se", "bose", true)]
    [InlineData("stra\u00DFe", "STRASSE", true)]
    [InlineData("fuck", "f u c k you", true)]
    [InlineData("fuck", "f u c k u", true)]
    [InlineData("fuck", "i f u c k", true)]
    [InlineData("fuck", "fu.ck", true)]
    [InlineData("fuck", "f u ck", false)]
    [InlineData("ass", "a.s.s", true)]
    [InlineData("ass", "a - s - s", true)]
    [InlineData("ass", "a \"s\": s", false)]
    [InlineData("ass", "a s, s", false)]
    [InlineData("fuck", "f u-c.k", true)]
    [InlineData("ass", "B A S S", false)]
    [InlineData("ass", "c l a s s", false)]
    [InlineData("hell", "H E L L O", false)]
    [InlineData("hell", "h.e.l.l", true)]
    [InlineData("assssss", "as", false)]
    public void Look_alikes_match_as_one_letter_each(string entry, string text, bool matches) => Matches(text, entry).ShouldBe(matches);

    [Theory]
    [InlineData("сука", "вот сука!")]
    [InlineData("сука", "СУКА")]
    [InlineData("сука", "cyka blyat")]
    [InlineData("сука", "с у к а")]
    [InlineData("дурак*", "дураки")]
    [InlineData("ёлка", "елка")]
    [InlineData("μαλάκας", "ΜΑΛΑΚΑΣ")]
    [InlineData("傻逼", "你真是傻逼啊")]
    [InlineData("傻逼", "傻 逼")]
    [InlineData("傻逼", "你傻逼fan")]
    [InlineData("バカ", "おまえはばかだ")]
    [InlineData("ばか", "ﾊﾞｶです")]
    [InlineData("ばか", "は\u3099か")]
    [InlineData("死ね", "早く死ねよ")]
    [InlineData("ควาย", "ไอ้ควายเอ๊ย")]
    [InlineData("fuck", "這個fuck的遊戲")]
    [InlineData("씨발", "씨발 진짜")]
    [InlineData("바보", "\u1107\u1161\u1107\u1169")]
    [InlineData("시발*", "시발이다")]
    [InlineData("كلب", "يا كَلْب")]
    [InlineData("كلب", "ﻛﻠﺐ")]
    [InlineData("אידיוט", "איזה אידיוט")]
    [InlineData("चूतिया", "तू चूतिया है")]
    [InlineData("\U0001F595", "go \U0001F595\U0001F3FD now")]
    [InlineData("\U0001F595", "go\U0001F595now")]
    [InlineData("Şerefsiz", "serefsiz")]
    [InlineData("dupek", "d\u00FApek")]
    [InlineData("ngu", "ng\u1EE9")]
    [InlineData("ng\u1EE9", "đồ ngứ ạ")]
    [InlineData("ngu", "đồ ngu ạ")]
    [InlineData("fuck", "fück yöu")]
    public void Entries_of_all_languages_match(string entry, string text) => Matches(text, entry).ShouldBeTrue();

    [Theory]
    [InlineData("pot", "Закрой рот")]
    [InlineData("cop", "какой сор")]
    [InlineData("сука", "сукачев")]
    [InlineData("ばか", "はかまいり")]
    [InlineData("ばか", "ぱかぱか")]
    [InlineData("กา", "ก่า")]
    [InlineData("ก", "ก็ได้")]
    [InlineData("씨발", "씨발점이다")]
    [InlineData("傻逼", "傻，他说逼真")]
    [InlineData("fuck", "Fußball, füllt, fuchs")]
    [InlineData("con", "consommé, salon, construire, Conseil")]
    [InlineData("puta", "disputa, computadora, reputación, diputados")]
    [InlineData("cul", "culture, calcul, ridicule")]
    [InlineData("arsch", "Marschall, Barsch")]
    [InlineData("хер", "херсон, шахер")]
    [InlineData("бля", "сабля, корабля")]
    [InlineData("mal", "normal, animal, \u043C\u0430\u043B\u043E")]
    [InlineData("kurwa", "kurw")]
    [InlineData("con", "tôi vẫn còn ở đây")]
    [InlineData("gay", "sẽ gây ra lỗi")]
    [InlineData("am", "I'm, me, aha, \u00C4mter")]
    public void Innocent_text_of_other_languages_does_not_match(string entry, string text) => Matches(text, entry).ShouldBeFalse();

    [Fact]
    public void Latin_word_in_Cyrillic_letters_matches_unless_the_message_is_clearly_Cyrillic()
    {
        const string word = "\u0441\u043E\u0441\u0430\u043E"; // Cyrillic letters in the shape of "cocao".
        Matches($"drink {word}", "cocao").ShouldBeTrue();
        Matches($"пью {word} дома", "cocao").ShouldBeFalse();
    }

    [Fact]
    public void Position_of_the_match_is_in_the_original_text()
    {
        const string text = "\U0001F600 oh b.\u0430\u0301.d.word!";
        var match = new WordMatcher(["badword"], []).Find(text).ShouldNotBeNull();
        match.Entry.ShouldBe("badword");
        text.Substring(match.Start, match.Length).ShouldBe("b.\u0430\u0301.d.word");
    }

    [Fact]
    public void Rejected_words_precede_held_ones()
    {
        var matcher = new WordMatcher(["first", "both"], ["second", "both"]);
        matcher.Find("first")!.Value.IsRejected.ShouldBeFalse();
        matcher.Find("first and second")!.Value.ShouldBe(new("second", true, 10, 6));
        matcher.Find("first b o t h")!.Value.IsRejected.ShouldBeTrue();
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("*", "empty")]
    [InlineData(null, "longer")]
    [InlineData("a", "fewer than 2")]
    [InlineData("c++", "fewer than 2")]
    [InlineData("...", "fewer than 2")]
    [InlineData("*ab", "at least 3")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901", "longer than 60")]
    public void Invalid_entries_have_errors(string? entry, string words) =>
        WordEntry.TryParse(entry, out _).ShouldNotBeNull().ShouldContain(words);

    [Theory]
    [InlineData("ab")]
    [InlineData("*abc*")]
    [InlineData("傻")]
    [InlineData("놈")]
    [InlineData("시발*")]
    [InlineData("*傻*")]
    [InlineData("\U0001F595")]
    [InlineData("kill yourself")]
    [InlineData(" padded ")]
    public void Valid_entries_match_themselves(string entry)
    {
        WordEntry.TryParse(entry, out _).ShouldBeNull();
        Matches(entry, entry).ShouldBeTrue();
    }

    private static bool Matches(string text, string entry) => new WordMatcher([entry], []).Find(text) is not null;
}
