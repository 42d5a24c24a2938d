using Broadcast.Media.OriginToControl;

namespace Broadcast.Origin.Live;

/// <summary>Selects the part of each session that a viewer gets. Thread-safe.</summary>
/// <param name="visibility">Source of session visibility; without it, sessions are visible unless they started hidden.</param>
/// <param name="authorizer">Source of the access policy; without it, all viewers have access.</param>
internal sealed class SessionVisibilityFilter(ISessionVisibility? visibility = null, IViewerAuthorizer? authorizer = null)
{
    /// <summary>
    /// Returns whether the channel's own URLs may show a session. An ended session with an access policy other than the channel's, as
    /// events have, is not shown there.
    /// </summary>
    public bool IsVisibleOnChannel(LiveSession session) =>
        !session.IsEnded || authorizer is null || authorizer.AccessOf(session.Channel, session.Id, session.Access)
        == authorizer.AccessOf(session.Channel);

    /// <summary>Returns whether viewers get no part of a session.</summary>
    public bool IsHidden(LiveSession session) => VisibilityOf(session).IsHidden;

    /// <summary>The part of a session that a viewer gets; <see langword="null"/> when there is none.</summary>
    /// <param name="session">The whole session.</param>
    /// <param name="mayPreview">Whether the viewer has preview access to hidden sessions.</param>
    public LiveSession? Of(LiveSession session, bool mayPreview = false)
    {
        var view = mayPreview ? SessionVisibility.Open : VisibilityOf(session);
        if (view.From is not { } from)
        {
            return view.IsHidden ? null : session;
        }

        var shown = session.VisibleSince(from, view.Segment);
        if (view.Segment is null && shown?.VisibilityStart is { IsExact: true } start)
        {
            visibility?.FixFirstSegment(session.Channel, session.Id, from, start.Segment);
        }

        return shown;
    }

    private SessionVisibility VisibilityOf(LiveSession session) => visibility?.Find(session.Channel, session.Id)
        ?? (session.StartsHidden ? SessionVisibility.Hidden : SessionVisibility.Open);
}
