namespace Broadcast.Media.Objects;

/// <summary>Kinds of objects in the object store. Each has its own form of name (<see cref="ObjectNames"/>).</summary>
public enum ObjectKind
{
    /// <summary>
    /// A journal file: <c>journal/{channel}/{session}/{epoch}-{number}.jsonl</c>, the number with at least 8 digits. Earlier versions wrote
    /// <c>…/{number}.jsonl</c>.
    /// </summary>
    Journal,

    /// <summary>An init segment: <c>live/{channel}/{session}/{rendition}/init-{number}.mp4</c>.</summary>
    Init,

    /// <summary>A segment: <c>live/{channel}/{session}/{rendition}/{number}.m4s</c>.</summary>
    Segment,

    /// <summary>
    /// An index block: <c>live/{channel}/{session}/chapters/{first}-{last}.chapter</c>, or
    /// <c>…/{first}-{last}-{epoch}.chapter</c> after a repair.
    /// </summary>
    IndexBlock,

    /// <summary>
    /// A list of index blocks: <c>live/{channel}/{session}/chapters/{first}-{last}-{checksum}.chapters</c>, the CRC-32C of the content as 8
    /// lower-case hexadecimal digits.
    /// </summary>
    IndexBlockList,

    /// <summary>A sprite sheet: <c>live/{channel}/{session}/thumbnails/{milliseconds}.jpg</c>.</summary>
    SpriteSheet,

    /// <summary>A poster: <c>live/{channel}/{session}/posters/{milliseconds}.jpg</c>.</summary>
    Poster,

    /// <summary>A rendition's media playlist: <c>live/{channel}/{session}/{rendition}.m3u8</c>.</summary>
    MediaPlaylist,

    /// <summary>A session's MPD: <c>live/{channel}/{session}/manifest.mpd</c>.</summary>
    SessionMpd,

    /// <summary>A channel's multivariant playlist: <c>live/{channel}/index.m3u8</c>.</summary>
    ChannelMultivariantPlaylist,

    /// <summary>A channel's MPD: <c>live/{channel}/manifest.mpd</c>.</summary>
    ChannelMpd,

    /// <summary>A recording's media playlist: <c>vod/{recording}/{rendition}.m3u8</c>.</summary>
    VodMediaPlaylist,

    /// <summary>A recording's multivariant playlist: <c>vod/{recording}/index.m3u8</c>.</summary>
    VodMultivariantPlaylist,

    /// <summary>A recording's MPD: <c>vod/{recording}/manifest.mpd</c>.</summary>
    VodMpd,
}
