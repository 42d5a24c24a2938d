using System.Globalization;

namespace Broadcast.Media.Objects;

/// <summary>Names of one session's objects. They follow from the session alone, so no index needs to repeat them.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Session">The session.</param>
public readonly record struct SessionObjectNames(ChannelName Channel, SessionId Session)
{
    /// <summary>Name of the index blocks' folder in <see cref="MediaFolder"/>.</summary>
    public const string IndexBlockFolder = "chapters";

    /// <summary>Name of the sprite sheets' folder in <see cref="MediaFolder"/>; no rendition can have it.</summary>
    public const string SpriteSheetFolder = "thumbnails";

    internal const string PosterFolder = "posters";
    internal const string IndexBlockExtension = ".chapter";
    internal const string IndexBlockListExtension = ".chapters";
    internal const string ImageExtension = ".jpg";
    internal const string JournalExtension = ".jsonl";

    /// <summary>Minimum number of digits of the number in the name of a journal file, so that names of one epoch sort by number.</summary>
    internal const int JournalDigits = 8;

    /// <summary>Folder of the session's media and manifests, ending in <c>/</c>.</summary>
    public string MediaFolder => $"{ObjectNames.LiveRoot}{Channel}/{Session}/";

    /// <summary>Folder of the session's journal files, ending in <c>/</c>.</summary>
    public string JournalFolder => $"{ObjectNames.JournalRoot}{Channel}/{Session}/";

    /// <summary>Name of the session's MPD.</summary>
    public ObjectName Mpd => InMedia(ObjectNames.MpdFile);

    /// <summary>Name of a journal file.</summary>
    /// <param name="number">Number of the file.</param>
    public ObjectName Journal(JournalNumber number) => Journal(number.Epoch, number.Number);

    /// <summary>Name of a journal file.</summary>
    /// <param name="epoch">Epoch of the session, from 1; 0 for the names of earlier versions.</param>
    /// <param name="number">Number of the file, from 1.</param>
    public ObjectName Journal(long epoch, long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(number);
        var prefix = epoch == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{epoch}-");
        return ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{JournalFolder}{prefix}{number:D8}{JournalExtension}"));
    }

    /// <summary>Name of an init segment.</summary>
    /// <exception cref="FormatException">The rendition name is invalid (<see cref="ObjectNames.IsRendition"/>).</exception>
    public ObjectName Init(string rendition, long number) => InRendition(rendition, MediaFile.OfInit(number));

    /// <summary>Name of a segment.</summary>
    /// <exception cref="FormatException">The rendition name is invalid (<see cref="ObjectNames.IsRendition"/>).</exception>
    public ObjectName Segment(string rendition, long number) => InRendition(rendition, MediaFile.OfSegment(number));

    /// <summary>Name of an index block.</summary>
    /// <param name="first">First sequence number.</param>
    /// <param name="last">Last sequence number.</param>
    /// <param name="epoch">Epoch of the repair that rewrote the block, from 1; 0 for none.</param>
    public ObjectName IndexBlock(long first, long last, long epoch = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(last);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        var suffix = epoch == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{epoch}");
        return InMedia(string.Create(CultureInfo.InvariantCulture, $"{IndexBlockFolder}/{first}-{last}{suffix}{IndexBlockExtension}"));
    }

    /// <summary>Name of a list of index blocks. It depends on the content, so a name never has two contents.</summary>
    /// <param name="first">First sequence number.</param>
    /// <param name="last">Last sequence number.</param>
    /// <param name="checksum">CRC-32C of the content.</param>
    public ObjectName IndexBlockList(long first, long last, uint checksum)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(last);
        return InMedia(string.Create(CultureInfo.InvariantCulture,
            $"{IndexBlockFolder}/{first}-{last}-{checksum:x8}{IndexBlockListExtension}"));
    }

    /// <summary>Name of a sprite sheet. Session time never goes back, so every name is unique.</summary>
    /// <param name="start">Session time at its start.</param>
    public ObjectName SpriteSheet(MediaTime start) => SpriteSheet(MillisecondsOf(start));

    /// <summary>Name of a sprite sheet.</summary>
    /// <param name="milliseconds">Session time at its start, in milliseconds.</param>
    public ObjectName SpriteSheet(long milliseconds) => InMedia(SpriteSheetFile(milliseconds));

    /// <summary>Name of a poster. Session time never goes back, so every name is unique.</summary>
    /// <param name="time">Session time of its frame.</param>
    public ObjectName Poster(MediaTime time) => Poster(MillisecondsOf(time));

    /// <summary>Name of a poster.</summary>
    /// <param name="milliseconds">Session time of its frame, in milliseconds.</param>
    public ObjectName Poster(long milliseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds);
        return InMedia(string.Create(CultureInfo.InvariantCulture, $"{PosterFolder}/{milliseconds}{ImageExtension}"));
    }

    /// <summary>Name of a rendition's media playlist.</summary>
    /// <exception cref="FormatException">The rendition name is invalid (<see cref="ObjectNames.IsRendition"/>).</exception>
    public ObjectName MediaPlaylist(string rendition) => InMedia($"{ValidRendition(rendition)}{ObjectNames.PlaylistExtension}");

    /// <summary>Name of a sprite sheet relative to <see cref="MediaFolder"/>, as in manifests.</summary>
    /// <param name="milliseconds">Session time at its start, in milliseconds.</param>
    public static string SpriteSheetFile(long milliseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds);
        return string.Create(CultureInfo.InvariantCulture, $"{SpriteSheetFolder}/{milliseconds}{ImageExtension}");
    }

    /// <summary>
    /// Name of sprite sheets relative to <see cref="MediaFolder"/> in a DASH <c>SegmentTemplate@media</c> (ISO/IEC 23009-1, 5.3.9.4.4),
    /// with <c>$Time$</c> for the start.
    /// </summary>
    public static string SpriteSheetTemplate => $"{SpriteSheetFolder}/$Time${ImageExtension}";

    /// <summary>Session time of an image in milliseconds, as in its name; times before the session's start are 0.</summary>
    public static long MillisecondsOf(MediaTime time) => Math.Max(0, time.Rescale(1000).Ticks);

    private static string ValidRendition(string rendition) =>
        ObjectNames.IsRendition(rendition) ? rendition : throw new FormatException($"'{rendition}' is not a rendition name.");

    private ObjectName InMedia(string file) => ObjectName.Parse(MediaFolder + file);

    private ObjectName InRendition(string rendition, MediaFile file)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(file.Number, "number");
        return ObjectName.Parse($"{ObjectNames.LiveRoot}{Channel}/{Session}/{ValidRendition(rendition)}/{file}");
    }
}
