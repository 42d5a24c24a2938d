using Broadcast.Media;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Delivery;

/// <summary>Resource types under <c>/live/</c>.</summary>
internal enum LivePathKind
{
    /// <summary><c>/live/{channel}/index.m3u8</c></summary>
    MultivariantPlaylist,

    /// <summary><c>/live/{channel}/manifest.mpd</c></summary>
    ChannelMpd,

    /// <summary><c>/live/{channel}/status.json</c></summary>
    Status,

    /// <summary><c>/live/{channel}/poster.jpg</c></summary>
    Poster,

    /// <summary><c>/live/{channel}/beacon</c>, for beacons of playing pages.</summary>
    Beacon,

    /// <summary><c>/live/{channel}/thumbnails.vtt</c></summary>
    ChannelThumbnails,

    /// <summary><c>/live/{channel}/{session}/manifest.mpd</c></summary>
    SessionMpd,

    /// <summary>
    /// <c>/live/{channel}/{session}/manifest-{published}.mpp</c>: changes since the MPD with that publish time (milliseconds since 1970).
    /// </summary>
    MpdPatch,

    /// <summary><c>/live/{channel}/{session}/{rendition}.m3u8</c></summary>
    MediaPlaylist,

    /// <summary><c>/live/{channel}/{session}/thumbnails.vtt</c></summary>
    SessionThumbnails,

    /// <summary><c>/live/{channel}/{session}/thumbnails.m3u8</c></summary>
    ImagePlaylist,

    /// <summary><c>/live/{channel}/{session}/thumbnails/{milliseconds}.jpg</c></summary>
    Sheet,

    /// <summary><c>/live/{channel}/{session}/{rendition}/iframes.m3u8</c></summary>
    KeyPlaylist,

    /// <summary><c>/live/{channel}/{session}/{rendition}/init-{number}.mp4</c></summary>
    Init,

    /// <summary>
    /// <c>/live/{channel}/{session}/{rendition}/{number}.m4s</c>, or <c>…/i{init}-{number}.m4s</c> to require an init segment
    /// </summary>
    Segment,

    /// <summary><c>/live/{channel}/{session}/{rendition}/{number}.{part}.m4s</c></summary>
    Part,
}

/// <summary>A parsed URL path under <c>/live/</c>. Each resource has one spelling; anything else is rejected.</summary>
internal readonly record struct LivePath(LivePathKind Kind, ChannelName Channel, SessionId Session, string Rendition, long Number, int Part)
{
    /// <summary>
    /// Number of the init segment that the segment must use, or 0 for any. Players that count segments request some that have not started.
    /// Such a segment may need another init segment, and must then not be sent.
    /// </summary>
    public int Init { get; init; }

    /// <summary>Maximum length of a rendition name, in characters.</summary>
    public const int MaxRenditionName = 32;

    private const string Root = "/live/";

    /// <summary>Maximum path length, in characters; valid paths are far shorter.</summary>
    private const int MaxLength = 256;

    /// <summary>Object name of an init segment, a segment or a sprite sheet: the path without its leading slash.</summary>
    public string ObjectName => Kind switch
    {
        LivePathKind.Init => $"live/{Channel}/{Session}/{Rendition}/init-{Number}.mp4",
        LivePathKind.Sheet => $"live/{Channel}/{Session}/{ThumbnailTrack.Name}/{Number}.jpg",
        _ => $"live/{Channel}/{Session}/{Rendition}/{Number}.m4s",
    };

    /// <summary>Parses a decoded path; <see langword="false"/> when it names no known resource.</summary>
    public static bool TryParse(string? path, out LivePath result)
    {
        result = default;
        if (path is null || path.Length > MaxLength || !path.StartsWith(Root, StringComparison.Ordinal))
        {
            return false;
        }

        var pieces = path[Root.Length..].Split('/', 5);
        if (pieces.Length is < 2 or > 4 || !ChannelName.TryParse(pieces[0], out var channel))
        {
            return false;
        }

        if (pieces.Length == 2)
        {
            LivePathKind? kind = pieces[1] switch
            {
                "index.m3u8" => LivePathKind.MultivariantPlaylist,
                "manifest.mpd" => LivePathKind.ChannelMpd,
                "status.json" => LivePathKind.Status,
                "poster.jpg" => LivePathKind.Poster,
                "beacon" => LivePathKind.Beacon,
                "thumbnails.vtt" => LivePathKind.ChannelThumbnails,
                _ => null,
            };
            result = new LivePath(kind ?? default, channel, default, "", 0, 0);
            return kind is not null;
        }

        if (!SessionId.TryParse(pieces[1], out var session))
        {
            return false;
        }

        return pieces.Length == 3 ? TryParseManifest(channel, session, pieces[2], out result) : TryParseMedia(channel, session, pieces[2], pieces[3], out result);
    }

    /// <summary>
    /// Whether a text is a valid rendition name: 1 to 32 of <c>a-z 0-9 - _</c>, starting with a letter or digit, and not
    /// <see cref="ThumbnailTrack.Name"/>.
    /// </summary>
    public static bool IsRenditionName(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxRenditionName || text[0] is '-' or '_' || text is ThumbnailTrack.Name)
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

    private static bool TryParseManifest(ChannelName channel, SessionId session, string file, out LivePath result)
    {
        if (file == "manifest.mpd")
        {
            result = new LivePath(LivePathKind.SessionMpd, channel, session, "", 0, 0);
            return true;
        }

        if (file.StartsWith("manifest-", StringComparison.Ordinal) && file.EndsWith(".mpp", StringComparison.Ordinal))
        {
            result = new LivePath(LivePathKind.MpdPatch, channel, session, "", 0, 0);
            return TryParseNumber(file.AsSpan()[9..^4], out var published) && Accept(result with { Number = published }, out result);
        }

        LivePathKind? thumbnails = file switch
        {
            $"{ThumbnailTrack.Name}.vtt" => LivePathKind.SessionThumbnails,
            $"{ThumbnailTrack.Name}.m3u8" => LivePathKind.ImagePlaylist,
            _ => null,
        };
        result = new LivePath(thumbnails ?? default, channel, session, "", 0, 0);
        if (thumbnails is not null)
        {
            return true;
        }

        result = default;
        if (!file.EndsWith(".m3u8", StringComparison.Ordinal) || !IsRenditionName(file.AsSpan(0, file.Length - 5)))
        {
            return false;
        }

        result = new LivePath(LivePathKind.MediaPlaylist, channel, session, file[..^5], 0, 0);
        return true;
    }

    private static bool TryParseMedia(ChannelName channel, SessionId session, string rendition, string file, out LivePath result)
    {
        result = default;
        var name = file.AsSpan();
        if (rendition == ThumbnailTrack.Name)
        {
            return name.EndsWith(".jpg", StringComparison.Ordinal) && TryParseNumber(name[..^4], out var start)
                && Accept(new LivePath(LivePathKind.Sheet, channel, session, "", start, 0), out result);
        }

        if (!IsRenditionName(rendition))
        {
            return false;
        }

        if (file == Broadcast.Origin.Hls.IFramePlaylist.FileName)
        {
            return Accept(new LivePath(LivePathKind.KeyPlaylist, channel, session, rendition, 0, 0), out result);
        }

        if (name.StartsWith("init-", StringComparison.Ordinal) && name.EndsWith(".mp4", StringComparison.Ordinal))
        {
            result = new LivePath(LivePathKind.Init, channel, session, rendition, 0, 0);
            return TryParseNumber(name[5..^4], out var init) && Accept(result with { Number = init }, out result);
        }

        if (!name.EndsWith(".m4s", StringComparison.Ordinal))
        {
            return false;
        }

        name = name[..^4];
        if (name is ['i', ..])
        {
            var dash = name.IndexOf('-');
            return dash > 0 && TryParseNumber(name[1..dash], out var needed) && needed is >= 1 and <= int.MaxValue && TryParseNumber(name[(dash + 1)..], out var countedNumber)
                && Accept(new LivePath(LivePathKind.Segment, channel, session, rendition, countedNumber, 0) { Init = (int)needed }, out result);
        }

        var dot = name.IndexOf('.');
        if (!TryParseNumber(dot < 0 ? name : name[..dot], out var number))
        {
            return false;
        }

        if (dot < 0)
        {
            return Accept(new LivePath(LivePathKind.Segment, channel, session, rendition, number, 0), out result);
        }

        return TryParseNumber(name[(dot + 1)..], out var part) && part <= int.MaxValue
            && Accept(new LivePath(LivePathKind.Part, channel, session, rendition, number, (int)part), out result);
    }

    private static bool Accept(LivePath path, out LivePath result)
    {
        result = path;
        return true;
    }

    /// <summary>Accepts 1 to 15 digits without a leading zero.</summary>
    private static bool TryParseNumber(ReadOnlySpan<char> text, out long number)
    {
        number = 0;
        if (text.Length is 0 or > 15 || (text[0] == '0' && text.Length > 1))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            number = (number * 10) + (c - '0');
        }

        return true;
    }
}
