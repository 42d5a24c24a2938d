using System.Globalization;

namespace Broadcast.Media.Objects;

/// <summary>Kinds of files in a rendition's folder.</summary>
public enum MediaFileKind
{
    /// <summary><c>init-{number}.mp4</c></summary>
    Init,

    /// <summary><c>{number}.m4s</c>; in URLs also <c>i{init}-{number}.m4s</c>.</summary>
    Segment,

    /// <summary><c>{number}.{part}.m4s</c>; only in URLs.</summary>
    Part,
}

/// <summary>
/// A media file in a rendition's folder, as named in object names and URLs. Each file has one spelling: numbers have no sign and no leading
/// zero.
/// </summary>
/// <param name="Kind">Kind of the file.</param>
/// <param name="Number">Number of the init segment, or sequence number of the segment; 0 or more.</param>
public readonly record struct MediaFile(MediaFileKind Kind, long Number) : ISpanFormattable
{
    private const string InitPrefix = "init-";
    private const string InitExtension = ".mp4";
    private const string SegmentExtension = ".m4s";

    /// <summary>Index of the part in its segment, from 0; 0 for other kinds.</summary>
    public int Part { get; init; }

    /// <summary>
    /// Number of the init segment that the segment must use, from 1; 0 for any. Only in URLs, because players that count segments request
    /// some that have not started.
    /// </summary>
    public int RequiredInit { get; init; }

    /// <summary>An init segment.</summary>
    public static MediaFile OfInit(long number) => new(MediaFileKind.Init, number);

    /// <summary>A segment.</summary>
    public static MediaFile OfSegment(long number) => new(MediaFileKind.Segment, number);

    /// <summary>A part of a segment.</summary>
    public static MediaFile OfPart(long segment, int part) => new(MediaFileKind.Part, segment) { Part = part };

    /// <summary>
    /// File name of segments in a DASH <c>SegmentTemplate@media</c> (ISO/IEC 23009-1, 5.3.9.4.4), with <c>$Number$</c> for the number.
    /// </summary>
    /// <param name="requiredInit">Number of the init segment that the segments must use; 0 for any.</param>
    public static string SegmentTemplate(int requiredInit) => requiredInit == 0
        ? $"$Number${SegmentExtension}"
        : string.Create(CultureInfo.InvariantCulture, $"i{requiredInit}-$Number${SegmentExtension}");

    /// <summary>Parses a file name; <see langword="false"/> for other files.</summary>
    public static bool TryParse(ReadOnlySpan<char> file, out MediaFile result)
    {
        result = default;
        if (file.StartsWith(InitPrefix) && file.EndsWith(InitExtension))
        {
            return TryParseNumber(file[InitPrefix.Length..^InitExtension.Length], out var init) && Accept(OfInit(init), out result);
        }

        if (!file.EndsWith(SegmentExtension))
        {
            return false;
        }

        var name = file[..^SegmentExtension.Length];
        if (name is ['i', ..])
        {
            var dash = name.IndexOf('-');
            return dash > 0 && TryParseNumber(name[1..dash], out var required) && required is >= 1 and <= int.MaxValue
                && TryParseNumber(name[(dash + 1)..], out var counted)
                && Accept(OfSegment(counted) with { RequiredInit = (int)required }, out result);
        }

        var dot = name.IndexOf('.');
        if (!TryParseNumber(dot < 0 ? name : name[..dot], out var number))
        {
            return false;
        }

        if (dot < 0)
        {
            return Accept(OfSegment(number), out result);
        }

        return TryParseNumber(name[(dot + 1)..], out var part) && part <= int.MaxValue && Accept(OfPart(number, (int)part), out result);
    }

    /// <summary>The file name.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{this}");

    /// <inheritdoc/>
    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <inheritdoc/>
    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        var culture = CultureInfo.InvariantCulture;
        return this switch
        {
            { Kind: MediaFileKind.Init } => destination.TryWrite(culture, $"{InitPrefix}{Number}{InitExtension}", out charsWritten),
            { Kind: MediaFileKind.Part } => destination.TryWrite(culture, $"{Number}.{Part}{SegmentExtension}", out charsWritten),
            { RequiredInit: 0 } => destination.TryWrite(culture, $"{Number}{SegmentExtension}", out charsWritten),
            _ => destination.TryWrite(culture, $"i{RequiredInit}-{Number}{SegmentExtension}", out charsWritten),
        };
    }

    /// <summary>
    /// Parses 1 to 19 digits without a leading zero, up to <see cref="long.MaxValue"/>. Nothing else is accepted: the number parser of .NET
    /// alone would ignore trailing null characters.
    /// </summary>
    public static bool TryParseNumber(ReadOnlySpan<char> text, out long number)
    {
        number = 0;
        return text.Length is > 0 and <= 19 && (text[0] != '0' || text.Length == 1) && !text.ContainsAnyExceptInRange('0', '9')
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static bool Accept(MediaFile file, out MediaFile result)
    {
        result = file;
        return true;
    }
}
