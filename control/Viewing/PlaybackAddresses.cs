namespace Broadcast.Control;

/// <summary>Where somebody who has a token watches a channel. Each holds the token: whoever has the address has the token.</summary>
/// <param name="Watch">The watch page.</param>
/// <param name="Embed">The page to embed.</param>
/// <param name="Hls">The multivariant playlist.</param>
/// <param name="Dash">The MPD.</param>
public sealed record PlaybackAddresses(string Watch, string Embed, string Hls, string Dash)
{
    /// <summary>The addresses of a channel for a token.</summary>
    public static PlaybackAddresses Of(ViewerAddresses addresses, string channel, string token) => new(
        $"{addresses.Pages}/watch/{channel}?token={token}",
        $"{addresses.Pages}/embed/{channel}?token={token}",
        $"{addresses.Media}/t/{token}/live/{channel}/index.m3u8",
        $"{addresses.Media}/t/{token}/live/{channel}/manifest.mpd");

    /// <summary>Without the token.</summary>
    public override string ToString() => "playback addresses";
}
