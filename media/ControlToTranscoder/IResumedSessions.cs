using Broadcast.Media.IngestToControl;
using Broadcast.Media.PackagerToControl;

namespace Broadcast.Media.ControlToTranscoder;

/// <summary>Sessions that continue on this server without an encoder, after a restart or a move between servers.</summary>
public interface IResumedSessions
{
    /// <summary>
    /// Shows the slate until an encoder arrives, or the session ends. Without effect if an encoder is connected. Never blocks.
    /// </summary>
    /// <param name="grant">Grant of the slate.</param>
    /// <param name="media">Media of the session so far.</param>
    void ShowSlate(PublishGrant grant, SessionResumePoint media);
}
