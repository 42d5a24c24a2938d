using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Vod;

namespace Broadcast.Origin.Live;

/// <summary>Posters of live sessions and of recently requested recordings.</summary>
/// <param name="directory">The live sessions.</param>
/// <param name="timelines">Cached timelines of recordings.</param>
internal sealed class LivePosters(LiveDirectory directory, RecordingTimelineCache timelines) : IPosters
{
    /// <inheritdoc/>
    public PosterInfo? OfChannel(ChannelName channel) =>
        Of(directory.FindChannel(channel)?.CurrentFor(directory.VisibilityFilter, mayPreview: false));

    /// <inheritdoc/>
    public PosterInfo? OfSession(ChannelName channel, SessionId session) =>
        timelines.Peek(channel, session) is { } whole ? Of(directory.VisibilityFilter.Of(whole)) : null;

    private static PosterInfo? Of(LiveSession? session) =>
        session?.Poster is { } poster ? new(session.Id, session.Access, poster.Width, poster.Height) : null;
}
