using System.Collections.Frozen;

namespace Broadcast.Media.Bmff;

/// <summary>Converts BCP 47 tags to the ISO 639-2/T codes of <c>mdhd</c>, packed into 15 bits (ISO/IEC 14496-12, 8.4.2).</summary>
internal static class LanguageCode
{
    /// <summary>Maximum length of a tag, in characters (RFC 5646, 4.4.1).</summary>
    public const int MaxLength = 35;

    /// <summary>The code <c>und</c>: language unknown.</summary>
    public const ushort Undetermined = 0x55C4;

    // Pairs of ISO 639-1 code and ISO 639-2 terminology code.
    private const string Table =
        "aa aar ab abk ae ave af afr ak aka am amh an arg ar ara as asm av ava ay aym az aze ba bak be bel bg bul bi bis bm bam bn ben bo "
        + "bod br bre bs bos " +
        "ca cat ce che ch cha co cos cr cre cs ces cu chu cv chv cy cym da dan de deu dv div dz dzo ee ewe el ell en eng eo epo es spa et "
        + "est eu eus fa fas " +
        "ff ful fi fin fj fij fo fao fr fra fy fry ga gle gd gla gl glg gn grn gu guj gv glv ha hau he heb hi hin ho hmo hr hrv ht hat hu "
        + "hun hy hye hz her " +
        "ia ina id ind ie ile ig ibo ii iii ik ipk io ido is isl it ita iu iku ja jpn jv jav ka kat kg kon ki kik kj kua kk kaz kl kal km "
        + "khm kn kan ko kor " +
        "kr kau ks kas ku kur kv kom kw cor ky kir la lat lb ltz lg lug li lim ln lin lo lao lt lit lu lub lv lav mg mlg mh mah mi mri mk "
        + "mkd ml mal mn mon " +
        "mr mar ms msa mt mlt my mya na nau nb nob nd nde ne nep ng ndo nl nld nn nno no nor nr nbl nv nav ny nya oc oci oj oji om orm or "
        + "ori os oss pa pan " +
        "pi pli pl pol ps pus pt por qu que rm roh rn run ro ron ru rus rw kin sa san sc srd sd snd se sme sg sag sh hbs si sin sk slk sl "
        + "slv sm smo sn sna " +
        "so som sq sqi sr srp ss ssw st sot su sun sv swe sw swa ta tam te tel tg tgk th tha ti tir tk tuk tl tgl tn tsn to ton tr tur ts "
        + "tso tt tat tw twi " +
        "ty tah ug uig uk ukr ur urd uz uzb ve ven vi vie vo vol wa wln wo wol xh xho yi yid yo yor za zha zh zho zu zul";

    private static readonly (FrozenDictionary<string, string> ToThree, FrozenDictionary<string, string> ToTwo) Codes = Read();

    /// <summary>Packs the language of a tag; <see cref="Undetermined"/> when the tag is invalid or has no code.</summary>
    public static ushort Pack(string? tag)
    {
        if (!IsTag(tag))
        {
            return Undetermined;
        }

        var primary = tag.Split('-')[0].ToLowerInvariant();
        var three = primary.Length == 3 ? primary : Codes.ToThree.GetValueOrDefault(primary);
        return three is not null && three.All(char.IsAsciiLetterLower)
            ? (ushort)(((three[0] - 0x60) << 10) | ((three[1] - 0x60) << 5) | (three[2] - 0x60))
            : Undetermined;
    }

    /// <summary>The shortest tag for a packed code; <see langword="null"/> for <c>und</c> and invalid codes.</summary>
    public static string? Unpack(ushort packed)
    {
        Span<char> three = [(char)(((packed >> 10) & 31) + 0x60), (char)(((packed >> 5) & 31) + 0x60), (char)((packed & 31) + 0x60)];
        foreach (var c in three)
        {
            if (!char.IsAsciiLetterLower(c))
            {
                return null;
            }
        }

        var code = three.ToString();
        return packed == Undetermined ? null : Codes.ToTwo.GetValueOrDefault(code, code);
    }

    /// <summary>Returns whether the packed code loses information of the tag, so that <c>elng</c> is needed.</summary>
    public static bool NeedsExtended(string? tag) => IsTag(tag)
        && !string.Equals(tag, Unpack(Pack(tag)), StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns whether a text has the form of a tag: letters, digits and single hyphens, starting with 2 to 8 letters.</summary>
    public static bool IsTag([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? tag)
    {
        if (tag is null || tag.Length is < 2 or > MaxLength)
        {
            return false;
        }

        var (length, primary) = (0, true);
        foreach (var c in tag)
        {
            if (c == '-')
            {
                if (length == 0 || (primary && length < 2))
                {
                    return false;
                }

                (length, primary) = (0, false);
            }
            else if (++length > 8 || !(primary ? char.IsAsciiLetter(c) : char.IsAsciiLetterOrDigit(c)))
            {
                return false;
            }
        }

        return length > 0;
    }

    private static (FrozenDictionary<string, string> ToThree, FrozenDictionary<string, string> ToTwo) Read()
    {
        var pairs = Table.Split(' ').Chunk(2).ToArray();
        return (
            pairs.ToFrozenDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal),
            pairs.ToFrozenDictionary(pair => pair[1], pair => pair[0], StringComparer.Ordinal));
    }
}
