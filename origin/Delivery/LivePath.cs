using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Objects;
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

    /// <summary><c>/live/{channel}/chat.json</c></summary>
    ChatList,

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

    /// <summary><c>/live/{channel}/{session}/chat/{number}.json</c></summary>
    ChatBatch,

    /// <summary><c>/live/{channel}/{session}/chat/questions/{number}.json</c></summary>
    ChatQuestions,

    /// <summary>
    /// <c>/live/{channel}/{session}/chat/at/{minute}.json</c>: messages of a minute of program date-time, counted since 1970.
    /// </summary>
    ChatMinute,

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

    private const string PatchPrefix = "manifest-";
    private const string PatchExtension = ".mpp";
    private const string ChatFolder = "chat";
    private const string ChatMinutes = "at";
    private const string Questions = "questions";
    private const string ChatExtension = ".json";
    private const string ImagePlaylistFile = ThumbnailTrack.Name + ObjectNames.PlaylistExtension;

    /// <summary>Maximum path length, in characters; valid paths are far shorter.</summary>
    private const int MaxLength = 256;

    /// <summary>Maximum value of all numbers: 15 digits.</summary>
    private const long MaxNumber = 999_999_999_999_999;

    /// <summary>The object of an init segment, a segment, a part or a sprite sheet.</summary>
    public ObjectName Object => Kind switch
    {
        LivePathKind.Init => Names.Init(Rendition, Number),
        LivePathKind.Sheet => Names.SpriteSheet(Number),
        _ => Names.Segment(Rendition, Number),
    };

    /// <summary>
    /// Indicates whether the path names a manifest, images or the chat of the channel's current session, without the session's ID.
    /// </summary>
    public bool IsOfChannel => Kind is LivePathKind.MultivariantPlaylist or LivePathKind.ChannelMpd or LivePathKind.Poster
        or LivePathKind.ChannelThumbnails or LivePathKind.ChatList;

    private SessionObjectNames Names => ObjectNames.Of(Channel, Session);

    /// <summary>File name of an MPD patch.</summary>
    /// <param name="published">Publish time of the MPD that it updates, in milliseconds since 1970.</param>
    public static string PatchFile(long published) =>
        string.Create(CultureInfo.InvariantCulture, $"{PatchPrefix}{published}{PatchExtension}");

    /// <summary>Parses a decoded path; <see langword="false"/> when it names no known resource.</summary>
    public static bool TryParse(string? path, out LivePath result)
    {
        result = default;
        if (path is null || path.Length > MaxLength || !path.StartsWith(MediaUrls.LiveRoot, StringComparison.Ordinal))
        {
            return false;
        }

        if (ObjectNames.TryParse(path[1..], out var name))
        {
            return TryConvert(name, out result);
        }

        var pieces = path[MediaUrls.LiveRoot.Length..].Split('/', 6);
        if (pieces.Length is < 2 or > 5 || !ChannelName.TryParse(pieces[0], out var channel))
        {
            return false;
        }

        if (pieces.Length == 2)
        {
            LivePathKind? kind = pieces[1] switch
            {
                "status.json" => LivePathKind.Status,
                MediaUrls.PosterFile => LivePathKind.Poster,
                "chat.json" => LivePathKind.ChatList,
                "beacon" => LivePathKind.Beacon,
                MediaUrls.ThumbnailsFile => LivePathKind.ChannelThumbnails,
                _ => null,
            };
            result = new LivePath(kind ?? default, channel, default, "", 0, 0);
            return kind is not null;
        }

        if (!SessionId.TryParse(pieces[1], out var session))
        {
            return false;
        }

        return pieces.Length == 3 ? TryParseManifest(channel, session, pieces[2], out result)
            : pieces[2] == ChatFolder ? TryParseChat(channel, session, pieces[3..], out result)
            : pieces.Length == 4 && TryParseMedia(channel, session, pieces[2], pieces[3], out result);
    }

    /// <summary>Converts the name of an object that is public. Index blocks and posters are not delivered at their names.</summary>
    private static bool TryConvert(in ParsedObjectName name, out LivePath result)
    {
        LivePathKind? kind = name.Kind switch
        {
            ObjectKind.ChannelMultivariantPlaylist => LivePathKind.MultivariantPlaylist,
            ObjectKind.ChannelMpd => LivePathKind.ChannelMpd,
            ObjectKind.SessionMpd => LivePathKind.SessionMpd,
            ObjectKind.MediaPlaylist => LivePathKind.MediaPlaylist,
            ObjectKind.Init => LivePathKind.Init,
            ObjectKind.Segment => LivePathKind.Segment,
            ObjectKind.SpriteSheet => LivePathKind.Sheet,
            _ => null,
        };
        result = new LivePath(kind ?? default, name.Channel, name.Session, name.Rendition, name.Number, 0);
        return kind is not null && name.Number <= MaxNumber;
    }

    /// <summary>Parses the path of a session's manifest that is not stored.</summary>
    private static bool TryParseManifest(ChannelName channel, SessionId session, string file, out LivePath result)
    {
        if (file.StartsWith(PatchPrefix, StringComparison.Ordinal) && file.EndsWith(PatchExtension, StringComparison.Ordinal))
        {
            result = new LivePath(LivePathKind.MpdPatch, channel, session, "", 0, 0);
            return MediaFile.TryParseNumber(file.AsSpan()[PatchPrefix.Length..^PatchExtension.Length], out var published)
                && Accept(result with { Number = published }, out result);
        }

        LivePathKind? thumbnails = file switch
        {
            MediaUrls.ThumbnailsFile => LivePathKind.SessionThumbnails,
            ImagePlaylistFile => LivePathKind.ImagePlaylist,
            _ => null,
        };
        result = new LivePath(thumbnails ?? default, channel, session, "", 0, 0);
        return thumbnails is not null;
    }

    /// <summary>Parses the path of chat messages: those of a batch or of a minute, and of questions.</summary>
    private static bool TryParseChat(ChannelName channel, SessionId session, ReadOnlySpan<string> rest, out LivePath result)
    {
        LivePathKind? kind = rest switch
        {
            [_] => LivePathKind.ChatBatch,
            [ChatMinutes, _] => LivePathKind.ChatMinute,
            [Questions, _] => LivePathKind.ChatQuestions,
            _ => null,
        };
        result = new LivePath(kind ?? default, channel, session, "", 0, 0);
        return kind is not null && TryParseChatFile(rest[^1], out var number) && Accept(result with { Number = number }, out result);
    }

    /// <summary>Parses the name of a file of chat messages: its number, followed by <c>.json</c>.</summary>
    public static bool TryParseChatFile(ReadOnlySpan<char> file, out long number)
    {
        number = 0;
        return file.EndsWith(ChatExtension, StringComparison.Ordinal)
            && MediaFile.TryParseNumber(file[..^ChatExtension.Length], out number);
    }

    /// <summary>Parses the path of media that is not an object of its own.</summary>
    private static bool TryParseMedia(ChannelName channel, SessionId session, string rendition, string file, out LivePath result)
    {
        result = default;
        if (!ObjectNames.IsRendition(rendition))
        {
            return false;
        }

        if (file == Broadcast.Origin.Hls.IFramePlaylist.FileName)
        {
            return Accept(new LivePath(LivePathKind.KeyPlaylist, channel, session, rendition, 0, 0), out result);
        }

        return MediaFile.TryParse(file, out var media) && media.Kind switch
        {
            MediaFileKind.Segment => Accept(new LivePath(LivePathKind.Segment, channel, session, rendition, media.Number,
                0) { Init = media.RequiredInit }, out result),
            MediaFileKind.Part => Accept(new LivePath(LivePathKind.Part, channel, session, rendition, media.Number, media.Part),
                out result),
            _ => false,
        };
    }

    private static bool Accept(LivePath path, out LivePath result)
    {
        result = path;
        return path.Number <= MaxNumber;
    }
}
