using Broadcast.Media.Objects;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Dash;

/// <summary>Adapts the MPD of a session to the URL at which it is delivered. Pure.</summary>
internal static class MpdUrls
{
    /// <summary>
    /// The MPD for a URL. At a channel's URL, an ended session starts with its first available segment, because no player returns there for
    /// updates. Elsewhere its first period stays unchanged for players that already have it.
    /// </summary>
    /// <param name="mpd">The MPD for the session's URL.</param>
    /// <param name="session">The session.</param>
    /// <param name="isProtected">
    /// For the channel's URL, whether a token precedes it, which must not be in the response; <see langword="null"/> for the session's URL.
    /// A player behind a token stays at the channel's URL, where it sees the end of this session before the next one starts.
    /// </param>
    /// <param name="query">Query of the session's URL in <c>Location</c>; <see langword="null"/> where the content is complete.</param>
    public static Mpd Adapt(Mpd mpd, LiveSession session, bool? isProtected, string? query = "") => isProtected switch
    {
        null => mpd,
        true => Relative(mpd, session),
        false => MpdTrim.ToAvailableMedia(mpd) with
        {
            BaseUrl = MediaUrls.SessionFolder(session.Channel, session.Id),
            Location = query is null ? null : $"{session.Id}/{ObjectNames.MpdFile}{query}",
        },
    };

    /// <summary>
    /// The MPD for a channel's URL, without a <c>Location</c>. All its URLs are relative: players resolve relative URLs alike only if there
    /// is no <c>Location</c>.
    /// </summary>
    public static Mpd Relative(Mpd mpd, LiveSession session) => mpd with { BaseUrl = $"{session.Id}/" };
}
