using Broadcast.Media;
using Broadcast.Origin.Recordings;

namespace Broadcast.Origin;

/// <summary>The posters of what is live and of the recordings that were asked for lately.</summary>
/// <param name="directory">What is live.</param>
/// <param name="shelf">What was opened to be replayed.</param>
internal sealed class LivePosters(LiveDirectory directory, RecordingShelf shelf) : IPosters
{
    /// <inheritdoc/>
    public KnownPoster? OfChannel(ChannelName channel) => Of(directory.FindChannel(channel)?.CurrentFor(directory.Audience, mayPreview: false));

    /// <inheritdoc/>
    public KnownPoster? OfSession(ChannelName channel, SessionId session) => shelf.Peek(channel, session) is { } whole ? Of(directory.Audience.Of(whole)) : null;

    private static KnownPoster? Of(LiveSession? session) => session?.Poster is { } poster ? new(session.Id, session.Access, poster.Width, poster.Height) : null;
}
