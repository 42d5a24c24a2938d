namespace Broadcast.Chat.Filters.Folding;

/// <summary>
/// Tables of <see cref="LookAlikes"/>. A row is a letter, a space, and the lowercase characters that fold to it. The facts are those of
/// Unicode's character database and of the confusables of UTS 39, limited to what people write in place of letters.
/// </summary>
internal static class LookAlikeTables
{
    /// <summary>Letters with diacritics. Without ICU, <see cref="string.Normalize()"/> does not decompose them.</summary>
    public static readonly string[] Diacritics =
    [
        "a àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặᶏⱥ", "b ḃḅḇƀɓᵬᶀ", "c çćĉċčḉƈȼɕ", "d ďḋḍḏḑḓđɖɗᵭᶁ", "e èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệɇᶒ", "f ḟƒᵮᶂ",
        "g ĝğġģǧǵḡɠǥᶃ", "h ĥȟḣḥḧḩḫẖħɦⱨ", "i ìíîïĩīĭįǐȉȋḭḯỉịɨᶖ", "j ĵǰɉʝ", "k ķǩḱḳḵƙᶄⱪ", "l ĺļľḷḹḻḽłƚɫɬɭᶅⱡ", "m ḿṁṃɱᵯᶆ",
        "n ñńņňǹṅṇṉṋɲƞɳᵰᶇŉ", "o òóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợøǿɵ", "p ṕṗƥᵱᶈ", "q ɋʠ", "r ŕŗřȑȓṙṛṝṟɍɼɽᵲᶉ",
        "s śŝşšșṡṣṥṧṩẛȿʂᵴᶊ", "t ţťțṫṭṯṱẗŧƭƫʈᵵⱦ", "u ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữựʉᶙ", "v ṽṿʋᶌ", "w ŵẁẃẅẇẉẘⱳ", "x ẋẍᶍ",
        "y ýÿŷȳẏẙỳỵỷỹɏƴ", "z źżžẑẓẕƶȥɀʐʑᶎⱬ", "æ ǣǽ", "ʒ ǯ",
        "α άἀἁἂἃἄἅἆἇὰ\u1F71ᾀᾁᾂᾃᾄᾅᾆᾇᾰᾱᾲᾳᾴᾶᾷ", "ε έἐἑἒἓἔἕὲ\u1F73", "η ήἠἡἢἣἤἥἦἧὴ\u1F75ᾐᾑᾒᾓᾔᾕᾖᾗῂῃῄῆῇ", "ι ΐίϊἰἱἲἳἴἵἶἷὶ\u1F77ῐῑῒ\u1FD3ῖῗ", 
        "ο όὀὁὂὃὄὅὸ\u1F79", "ρ ῤῥ",
        "υ ΰϋύὐὑὒὓὔὕὖὗὺ\u1F7Bῠῡῢ\u1FE3ῦῧ", "ω ώὠὡὢὣὤὥὦὧὼ\u1F7Dᾠᾡᾢᾣᾤᾥᾦᾧῲῳῴῶῷ", "σ ς",
        "а ӑӓ", "г ѓґғ", "е ѐёӗ", "ж ӂӝ", "з ӟ", "и йѝӣӥ", "к ќқҝҡ", "о ӧө", "у ўӯӱӳ", "ч ӵ", "ы ӹ", "э ӭ", "і ї", "ѵ ѷ", "ә ӛ",
        "н ң", "х ҳ",
        "א \uFB2E\uFB2F\uFB30", "ב \uFB31\uFB4C", "ג \uFB32", "ד \uFB33", "ה \uFB34", "ו \uFB35\uFB4B", "ז \uFB36", "ט \uFB38",
        "י \uFB1D\uFB39", "כ \uFB3B\uFB4D\u05DA\uFB3A", "ל \uFB3C", "מ \uFB3E\u05DD", "נ \uFB40\u05DF", "ס \uFB41",
        "פ \uFB44\uFB4E\u05E3\uFB43", "צ \uFB46\u05E5", "ק \uFB47", "ר \uFB48", "ש \uFB2A\uFB2B\uFB2C\uFB2D\uFB49", "ת \uFB4A",
        "ا آأإٱ", "و ؤ", "ي ئىی", "ك ک", "ه ةہەۀۂھ",
        "क \u0958", "ख \u0959", "ग \u095A", "ज \u095B", "ड \u095C", "ढ \u095D", "न \u0929", "फ \u095E", "य \u095F", "र \u0931",
        "ळ \u0934", "ড \u09DC", "ঢ \u09DD", "য \u09DF",
    ];

    /// <summary>Characters that look like Latin letters. Base letters of the rows above are also replaced.</summary>
    public static readonly string[] Shapes =
    [
        "a аαᴀɑɐᵃₐª", "b вьβʙᵇ", "c сᴄᶜⅽϲ", "d ԁᴅᵈⅾð", "e еєεᴇᵉₑǝəәɘɛҽҿ", "f ꜰᶠ", "g ɡɢᵍց", "h нһհʜʰₕ", "i іιıɩɪᵢⁱӏⅰ", "j јյᴊʲⱼϳȷ",
        "k кκᴋᵏₖ", "l ʟˡₗⅼ", "m мμµᴍᵐₘⅿ", "n пηոռɴⁿₙŋ", "o оοօᴏᵒₒºɔ", "p рρᴘᵖₚþ", "q ԛգզ", "r гʀʳᵣ", "s ѕꜱˢₛſ", "t тτᴛᵗₜ", "u иυսᴜᵘᵤʊ",
        "v ѵνᴠᵛᵥⅴ", "w ԝшωᴡʷɯѡ", "x хχˣₓⅹ", "y уγүұʏʸ", "z ζᴢᶻ",
    ];

    /// <summary>Approximate shapes among the rows above: text with these letters is clearly Cyrillic.</summary>
    public const string ClearlyCyrillic = "ийпгш";

    /// <summary>Greek letters whose capital looks like another Latin letter than their lowercase form does.</summary>
    public static readonly string[] GreekCapitals = ["h η", "n ν", "y υ"];

    /// <summary>Characters that fold to several letters: the character, a space, and the letters.</summary>
    public static readonly string[] Several =
    [
        "ß ss", "æ ae", "œ oe", "ӕ ae", "ĳ ij", "ǆ dz", "ǉ lj", "ǌ nj", "ǳ dz", "ﬀ ff", "ﬁ fi", "ﬂ fl", "ﬃ ffi", "ﬄ ffl", "ﬅ st", "ﬆ st",
        "ⅱ ii", "ⅲ iii", "ⅳ iv", "ⅵ vi", "ⅶ vii", "ⅷ viii", "ⅸ ix", "ⅺ xi", "ⅻ xii", "ﻵ لا", "ﻶ لا", "ﻷ لا", "ﻸ لا", "ﻹ لا",
        "ﻺ لا", "ﻻ لا", "ﻼ لا",
    ];

    /// <summary>Letterlike symbols: the ASCII letter, a space, and the symbols. They fill gaps of mathematical alphabets.</summary>
    public static readonly string[] Letterlike =
    [
        "B ℬ", "C ℂℭ", "E ℰ", "F ℱ", "H ℋℌℍ", "I ℐℑ", "K \u212A", "L ℒ", "M ℳ", "N ℕ", "P ℙ℘", "Q ℚ",
        "R ℛℜℝ", "Z ℤℨ", "A \u212B", "e ℯⅇ℮", "g ℊ", "h ℎ",
        "i ℹⅈ", "j ⅉ", "l ℓ", "o ℴ", "d ⅆ",
    ];

    /// <summary>Halfwidth katakana from U+FF66 to U+FF9D, as hiragana.</summary>
    public const string HalfwidthKana = "をぁぃぅぇぉゃゅょっーあいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん";

    /// <summary>Kana that have a voiced form, which is the next code point.</summary>
    public const string Voiced = "かきくけこさしすせそたちつてとはひふへほ";

    /// <summary>Kana that have a semi-voiced form, two code points later.</summary>
    public const string SemiVoiced = "はひふへほ";

    /// <summary>Arabic letters in the order of their presentation forms from U+FE80, each followed by the number of its forms.</summary>
    public const string ArabicForms = "ء1آ2أ2ؤ2إ2ئ4ا2ب4ة2ت4ث4ج4ح4خ4د2ذ2ر2ز2س4ش4ص4ض4ط4ظ4ع4غ4ف4ق4ك4ل4م4ن4ه4و2ى2ي4";

    /// <summary>
    /// Punctuation that is used inside of words, so that it can divide a word: <c>f-u.ck</c>. Apostrophes are not among it, because of
    /// "he'll".
    /// </summary>
    public const string Joints = "-_.*~^\"+=\\|·•․‧∙⋅‐‑–—";
}
