using Broadcast.Media;

namespace Broadcast.Origin.Access;

/// <summary>
/// Feature of a request for a channel's own URL: the session that the channel showed during the access check. Another session may have
/// another access policy.
/// </summary>
/// <param name="Session">The session; <see langword="null"/> where there was none.</param>
internal sealed record AuthorizedSession(SessionId? Session);

/// <summary>Viewer with a token who sends a request to the chat.</summary>
/// <param name="Id">See <see cref="Broadcast.Media.OriginToControl.ViewerDecision.Viewer"/>.</param>
internal sealed record AuthorizedViewer(string Id);
