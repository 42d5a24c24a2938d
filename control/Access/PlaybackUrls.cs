using Broadcast.Media;
using Broadcast.Media.Objects;

namespace Broadcast.Control.Access;

/// <summary>URLs at which a viewer with a token watches a channel. Each URL contains the token.</summary>
/// <param name="Watch">The watch page.</param>
/// <param name="Embed">The page to embed.</param>
/// <param name="Hls">The multivariant playlist.</param>
/// <param name="Dash">The MPD.</param>
public sealed record PlaybackUrls(string Watch, string Embed, string Hls, string Dash)
{
    /// <summary>The URLs of a channel with a token.</summary>
    public static PlaybackUrls Of(ViewerUrls urls, string channel, string token)
    {
        var name = ChannelName.Parse(channel);
        return new(
            $"{urls.Pages}/watch/{channel}?token={token}",
            $"{urls.Pages}/embed/{channel}?token={token}",
            urls.Media + MediaUrls.WithToken(token, ObjectNames.ChannelMultivariantPlaylist(name)),
            urls.Media + MediaUrls.WithToken(token, ObjectNames.ChannelMpd(name)));
    }

    /// <summary>Omits the token.</summary>
    public override string ToString() => "playback URLs";
}
