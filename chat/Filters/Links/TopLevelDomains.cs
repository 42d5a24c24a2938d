using System.Collections.Frozen;

namespace Broadcast.Chat.Filters.Links;

/// <summary>
/// Top-level domains by which a domain without <c>http</c> or <c>www</c> is recognized. The list is a selection: domains under others are
/// links only with one of these prefixes.
/// </summary>
internal static class TopLevelDomains
{
    /// <summary>Domains that are neither words nor endings of files, so that <c>example.com</c> is a link.</summary>
    private static readonly FrozenSet<string> Distinct = Split(
        """
        com net org info biz edu gov mil io ai gg tv xyz app dev
        ru su ua by kz de fr nl cz sk hu ro bg hr gr tr uk ie pt dk fi lt lv ee ch lu
        br mx ar cl uy cr gt ec jp cn kr tw hk sg vn th ph pk bd lk np nz za ng ke eg il ae qa iq
        online site website shop store tech club icu vip cloud blog wiki agency
        casino poker bet bingo loans finance crypto porn xxx sex adult webcam dating
        buzz monster cyou sbs cfd bond ltd llc inc gmbh
        tk ml ga cf gq pw ws ly
        рф рус бел укр бг срб мкд қаз онлайн сайт дети москва ελ ευ 中国 中國 公司 网络 网址 在线 香港 台湾 台灣 みんな 한국 닷컴 닷넷 भारत ไทย
        ایران السعودية امارات مصر ישראל
        """);

    /// <summary>Domains that are also words: a link only with a path, or after a name with a digit or hyphen.</summary>
    private static readonly FrozenSet<string> Words = Split(
        """
        ac ad ag al am an as at au az ba be ca cat cd ci co cv do dj es eu fm fo gd ge gl gm gs hn ht id im in is it je kg ki la
        lc me mg mk mn mobi mr ms mt mu ne nf no nu om pa pm re rw sc se si sm sr st sx tc tl tm to tt ug us
        uz va vc vg vi vu my ve ir sa li pe pro digital email beauty live link page today now here one how fun win best top
        new you news media show chat video stream world games game team space plus rocks ninja wtf lol work review trade party
        date download click help zone city life love cool group host run moe name money cash gold market credit promo
        gift gifts deals sale bid tips guru expert social network studio photo photos art design rest quest lat cam audio mom
        dad baby fit health band music movie film auction cafe bar pub pizza red blue pink black green
        """);

    /// <summary>Domains that are frequent endings of files: a link only with a path.</summary>
    private static readonly FrozenSet<string> Files = Split("cc md mov pl ps py rs sh so zip");

    /// <summary>Domains with which even <c>example . com</c> is a link.</summary>
    private static readonly FrozenSet<string> Frequent = Split("com net org ru gg xyz");

    /// <summary>Returns whether a label in lowercase is a top-level domain and nothing else. All <c>xn--</c> labels are.</summary>
    public static bool IsDistinct(ReadOnlySpan<char> label) =>
        Distinct.GetAlternateLookup<ReadOnlySpan<char>>().Contains(label) || (label.StartsWith("xn--") && label.Length > 5);

    /// <summary>Returns whether a label in lowercase is a top-level domain and also a word.</summary>
    public static bool IsWord(ReadOnlySpan<char> label) => Words.GetAlternateLookup<ReadOnlySpan<char>>().Contains(label);

    /// <summary>Returns whether a label in lowercase is a top-level domain and also a frequent ending of files.</summary>
    public static bool IsFile(ReadOnlySpan<char> label) => Files.GetAlternateLookup<ReadOnlySpan<char>>().Contains(label);

    /// <summary>Returns whether a label in lowercase is one of the most frequent top-level domains.</summary>
    public static bool IsFrequent(ReadOnlySpan<char> label) => Frequent.GetAlternateLookup<ReadOnlySpan<char>>().Contains(label);

    private static FrozenSet<string> Split(string names) =>
        names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
