using Broadcast.Media.Ladders;

namespace Broadcast.Media.IngestToControl;

/// <summary>Permission to publish to one channel and session.</summary>
/// <param name="PublicationId">Publication ID, for <see cref="IPublishAuthorizer.ReportEndAsync"/>.</param>
/// <param name="Session">The session that the publication starts or continues.</param>
/// <param name="Ladder">The channel's ladder as text, such as <c>passthrough</c> (<see cref="LadderSpec"/>).</param>
/// <param name="Revoked">Canceled when the permission is withdrawn (key revoked, channel deleted, session ended by an operator); the
/// publisher is then disconnected.</param>
public sealed record PublishGrant(Guid PublicationId, BroadcastSession Session, string Ladder, CancellationToken Revoked)
{
    /// <summary>
    /// The channel input of the publication. Two publications of one session with different roles may run at the same time.
    /// </summary>
    public InputRole Role { get; init; }

    /// <summary>
    /// Languages of audio tracks in the encoder's order, for tracks without their own; <see cref="TrackLanguages.Undetermined"/> where the
    /// channel sets none.
    /// </summary>
    public IReadOnlyList<string> AudioLanguages { get; init; } = [];

    /// <summary>Canceled when the session ends, for stages that outlive the encoder. By default never canceled.</summary>
    public CancellationToken SessionEnded { get; init; }

    /// <summary>
    /// Canceled when the session moves to another server. The publication then ends before its next keyframe, and the encoder is forwarded
    /// to the other server from there on. By default never canceled.
    /// </summary>
    public CancellationToken Moved { get; init; }

    /// <summary>State shared by the authorizer and the publisher's connection while the permission lasts.</summary>
    public PublicationState State { get; init; } = new();
}

/// <summary>Inputs of a channel.</summary>
public enum InputRole
{
    /// <summary>The input that is on air whenever it is healthy.</summary>
    Primary,

    /// <summary>The standby for the primary input.</summary>
    Backup,
}
