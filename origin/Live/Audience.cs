using Broadcast.Media;

namespace Broadcast.Origin;

/// <summary>What of a session somebody gets. Safe to use from any thread.</summary>
/// <param name="known">Who knows how much the audience gets; without it, all of what did not begin hidden.</param>
/// <param name="authority">Who knows who may watch; without it, everybody.</param>
internal sealed class Audience(ISessionAudience? known = null, IViewerAuthority? authority = null)
{
    /// <summary>Whether a channel's own addresses may show a session: one that is over and was for others than the channel is, an event's, is not there any more for those who come to the channel.</summary>
    public bool IsOfChannel(LiveSession session) =>
        !session.IsEnded || authority is null || authority.AccessOf(session.Channel, session.Id, session.Access) == authority.AccessOf(session.Channel);

    /// <summary>Whether the audience gets nothing of a session.</summary>
    public bool IsHidden(LiveSession session) => ViewOf(session).IsHidden;

    /// <summary>A session as somebody gets it; <see langword="null"/> when there is nothing for them.</summary>
    /// <param name="session">The whole session.</param>
    /// <param name="mayPreview">Whether it is somebody who gets what the audience does not get yet.</param>
    public LiveSession? Of(LiveSession session, bool mayPreview = false)
    {
        var view = mayPreview ? AudienceView.Open : ViewOf(session);
        if (view.From is not { } from)
        {
            return view.IsHidden ? null : session;
        }

        var shown = session.Since(from, view.Segment);
        if (view.Segment is null && shown?.Begin is { IsExact: true } begin)
        {
            known?.Settle(session.Channel, session.Id, from, begin.Segment);
        }

        return shown;
    }

    private AudienceView ViewOf(LiveSession session) => known?.Find(session.Channel, session.Id) ?? (session.BeginsHidden ? AudienceView.Hidden : AudienceView.Open);
}
