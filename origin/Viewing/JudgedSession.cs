using Broadcast.Media;

namespace Broadcast.Origin.Viewing;

/// <summary>Set as a feature of a request for one of a channel's own addresses: what was shown there when it was judged who may watch that. Another session may be for others.</summary>
/// <param name="Session">The session; <see langword="null"/> where none was shown.</param>
internal sealed record JudgedSession(SessionId? Session);
