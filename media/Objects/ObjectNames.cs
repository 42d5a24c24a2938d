using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Broadcast.Media.Objects;

/// <summary>
/// Grammar of the names in the object store: builds and parses the name of every object (<see cref="ObjectKind"/>). Names below
/// <see cref="LiveRoot"/> and <see cref="VodRoot"/> equal URL paths without the leading slash, so that a bucket can be served as it is.
/// Each object has one spelling, and all components have a maximum length. Pure.
/// </summary>
public static class ObjectNames
{
    /// <summary>Folder of all media and of the manifests of channels and sessions.</summary>
    public const string LiveRoot = "live/";

    /// <summary>Folder of all journal files.</summary>
    public const string JournalRoot = "journal/";

    /// <summary>Folder of the manifests of recordings and clips.</summary>
    public const string VodRoot = "vod/";

    /// <summary>Maximum length of a rendition name, in characters.</summary>
    public const int MaxRendition = 32;

    /// <summary>File name of a multivariant playlist.</summary>
    public const string MultivariantPlaylistFile = "index.m3u8";

    /// <summary>File name of an MPD.</summary>
    public const string MpdFile = "manifest.mpd";

    /// <summary>Extension of a playlist.</summary>
    public const string PlaylistExtension = ".m3u8";

    /// <summary>Number of pieces that no name has; the longest has five: root, channel, session, rendition and file.</summary>
    private const int TooManyPieces = 6;
    private const int ChecksumDigits = 8;

    /// <summary>Names of a session's objects.</summary>
    public static SessionObjectNames Of(ChannelName channel, SessionId session) => new(channel, session);

    /// <summary>Names of a session's objects.</summary>
    public static SessionObjectNames Of(BroadcastSession session) => new(session.Channel, session.Id);

    /// <summary>Folder of a channel's media, ending in <c>/</c>.</summary>
    public static string ChannelFolder(ChannelName channel) => $"{LiveRoot}{channel}/";

    /// <summary>Folder of a channel's journal files, ending in <c>/</c>.</summary>
    public static string ChannelJournalFolder(ChannelName channel) => $"{JournalRoot}{channel}/";

    /// <summary>Name of a channel's multivariant playlist, which describes its newest session.</summary>
    public static ObjectName ChannelMultivariantPlaylist(ChannelName channel) =>
        ObjectName.Parse(ChannelFolder(channel) + MultivariantPlaylistFile);

    /// <summary>Name of a channel's MPD, which describes its newest session.</summary>
    public static ObjectName ChannelMpd(ChannelName channel) => ObjectName.Parse(ChannelFolder(channel) + MpdFile);

    /// <summary>Names of a channel's manifests.</summary>
    public static IReadOnlyList<ObjectName> ChannelManifests(ChannelName channel) =>
        [ChannelMultivariantPlaylist(channel), ChannelMpd(channel)];

    /// <summary>Folder of a recording's manifests, ending in <c>/</c>. It contains nothing else.</summary>
    public static string VodFolder(RecordingId recording) => $"{VodRoot}{recording}/";

    /// <summary>Name of a recording's multivariant playlist.</summary>
    public static ObjectName VodMultivariantPlaylist(RecordingId recording) =>
        ObjectName.Parse(VodFolder(recording) + MultivariantPlaylistFile);

    /// <summary>Name of a recording's MPD.</summary>
    public static ObjectName VodMpd(RecordingId recording) => ObjectName.Parse(VodFolder(recording) + MpdFile);

    /// <summary>
    /// Name of a rendition's media playlist of a recording. A rendition named <c>index</c> would have the name of the multivariant
    /// playlist; no rendition has that name.
    /// </summary>
    public static ObjectName VodMediaPlaylist(RecordingId recording, string rendition) =>
        ObjectName.Parse($"{VodFolder(recording)}{rendition}{PlaylistExtension}");

    /// <summary>
    /// Returns whether a text is a valid rendition name: 1 to 32 of <c>a-z 0-9 - _</c>, starting with a letter or digit, and not
    /// <see cref="SessionObjectNames.SpriteSheetFolder"/>.
    /// </summary>
    public static bool IsRendition(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxRendition || text[0] is '-' or '_' || text is SessionObjectNames.SpriteSheetFolder)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('-' or '_'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Parses an object name; <see langword="false"/> when no object of this server has such a name.</summary>
    public static bool TryParse(ObjectName name, out ParsedObjectName result) => TryParse(name.Value, out result);

    /// <summary>Parses an object name; <see langword="false"/> when no object of this server has such a name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? name, out ParsedObjectName result)
    {
        result = default;
        if (name is null || name.Length > ObjectName.MaxLength)
        {
            return false;
        }

        Span<Range> ranges = stackalloc Range[TooManyPieces];
        var text = name.AsSpan();
        var count = text.Split(ranges, '/');
        if (count is < 3 or TooManyPieces)
        {
            return false;
        }

        var folder = text[ranges[1]];
        var file = text[ranges[count - 1]];
        var parsed = text[..ranges[1].Start] switch
        {
            JournalRoot when count == 4 => ParseJournal(file),
            VodRoot when count == 3 => ParseVodManifest(folder, file),
            LiveRoot => count switch
            {
                3 => ParseChannelManifest(file),
                4 => ParseSessionManifest(file),
                _ => ParseMedia(text[ranges[3]], file),
            },
            _ => null,
        };
        if (parsed is not { } found)
        {
            return false;
        }

        if (found.Kind is not (ObjectKind.VodMediaPlaylist or ObjectKind.VodMultivariantPlaylist or ObjectKind.VodMpd))
        {
            if (folder.Length > ChannelName.MaxLength || !ChannelName.TryParse(folder.ToString(), out var channel))
            {
                return false;
            }

            found = found with { Channel = channel };
            if (count > 3)
            {
                var id = text[ranges[2]];
                if (id.Length > SessionId.Length || !SessionId.TryParse(id.ToString(), out var session))
                {
                    return false;
                }

                found = found with { Session = session };
            }
        }

        result = found;
        return true;
    }

    private static ParsedObjectName? ParseJournal(ReadOnlySpan<char> file)
    {
        if (!file.EndsWith(SessionObjectNames.JournalExtension))
        {
            return null;
        }

        var digits = file[..^SessionObjectNames.JournalExtension.Length];
        var (dash, epoch) = (digits.IndexOf('-'), 0L);
        if (dash >= 0)
        {
            if (!MediaFile.TryParseNumber(digits[..dash], out epoch) || epoch == 0)
            {
                return null;
            }

            digits = digits[(dash + 1)..];
        }

        var isPadded = digits.Length == SessionObjectNames.JournalDigits;
        return (isPadded || (digits.Length is > SessionObjectNames.JournalDigits and <= 19 && digits[0] != '0'))
            && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
                ? new ParsedObjectName(ObjectKind.Journal) { Epoch = epoch, Number = number }
                : null;
    }

    private static ParsedObjectName? ParseVodManifest(ReadOnlySpan<char> folder, ReadOnlySpan<char> file)
    {
        if (folder.Length > SessionId.Length || !RecordingId.TryParse(folder.ToString(), out var recording))
        {
            return null;
        }

        return file switch
        {
            MultivariantPlaylistFile => new ParsedObjectName(ObjectKind.VodMultivariantPlaylist) { Recording = recording },
            MpdFile => new ParsedObjectName(ObjectKind.VodMpd) { Recording = recording },
            _ => ParseMediaPlaylist(ObjectKind.VodMediaPlaylist, file) is { } playlist ? playlist with { Recording = recording } : null,
        };
    }

    private static ParsedObjectName? ParseChannelManifest(ReadOnlySpan<char> file) => file switch
    {
        MultivariantPlaylistFile => new ParsedObjectName(ObjectKind.ChannelMultivariantPlaylist),
        MpdFile => new ParsedObjectName(ObjectKind.ChannelMpd),
        _ => null,
    };

    private static ParsedObjectName? ParseSessionManifest(ReadOnlySpan<char> file) =>
        file is MpdFile ? new ParsedObjectName(ObjectKind.SessionMpd) : ParseMediaPlaylist(ObjectKind.MediaPlaylist, file);

    private static ParsedObjectName? ParseMediaPlaylist(ObjectKind kind, ReadOnlySpan<char> file) =>
        file.EndsWith(PlaylistExtension) && file[..^PlaylistExtension.Length] is var rendition && IsRendition(rendition)
            ? new ParsedObjectName(kind) { Rendition = rendition.ToString() }
            : null;

    private static ParsedObjectName? ParseMedia(ReadOnlySpan<char> folder, ReadOnlySpan<char> file)
    {
        if (IsRendition(folder) && MediaFile.TryParse(file, out var media))
        {
            return media is { Kind: MediaFileKind.Init or MediaFileKind.Segment, RequiredInit: 0 }
                ? new ParsedObjectName(media.Kind == MediaFileKind.Init ? ObjectKind.Init : ObjectKind.Segment)
                {
                    Rendition = folder.ToString(), Number = media.Number,
                }
                : null;
        }

        return folder switch
        {
            SessionObjectNames.SpriteSheetFolder => ParseImage(ObjectKind.SpriteSheet, file),
            SessionObjectNames.PosterFolder => ParseImage(ObjectKind.Poster, file),
            SessionObjectNames.IndexBlockFolder => ParseIndexBlock(file) ?? ParseIndexBlockList(file),
            _ => null,
        };
    }

    private static ParsedObjectName? ParseImage(ObjectKind kind, ReadOnlySpan<char> file) =>
        file.EndsWith(SessionObjectNames.ImageExtension)
        && MediaFile.TryParseNumber(file[..^SessionObjectNames.ImageExtension.Length], out var time)
            ? new ParsedObjectName(kind) { Number = time }
            : null;

    private static ParsedObjectName? ParseIndexBlock(ReadOnlySpan<char> file)
    {
        if (!file.EndsWith(SessionObjectNames.IndexBlockExtension))
        {
            return null;
        }

        Span<Range> ranges = stackalloc Range[4];
        var numbers = file[..^SessionObjectNames.IndexBlockExtension.Length];
        var count = numbers.Split(ranges, '-');
        var epoch = 0L;
        return count is 2 or 3 && MediaFile.TryParseNumber(numbers[ranges[0]], out var first)
            && MediaFile.TryParseNumber(numbers[ranges[1]], out var last)
            && (count == 2 || (MediaFile.TryParseNumber(numbers[ranges[2]], out epoch) && epoch > 0))
                ? new ParsedObjectName(ObjectKind.IndexBlock) { Number = first, Last = last, Epoch = epoch }
                : null;
    }

    private static ParsedObjectName? ParseIndexBlockList(ReadOnlySpan<char> file)
    {
        if (!file.EndsWith(SessionObjectNames.IndexBlockListExtension))
        {
            return null;
        }

        Span<Range> ranges = stackalloc Range[4];
        var text = file[..^SessionObjectNames.IndexBlockListExtension.Length];
        return text.Split(ranges, '-') == 3 && MediaFile.TryParseNumber(text[ranges[0]], out var first)
            && MediaFile.TryParseNumber(text[ranges[1]], out var last)
            && text[ranges[2]] is { Length: ChecksumDigits } digits && !digits.ContainsAnyInRange('A', 'F')
            && uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var checksum)
                ? new ParsedObjectName(ObjectKind.IndexBlockList) { Number = first, Last = last, Checksum = checksum }
                : null;
    }
}
