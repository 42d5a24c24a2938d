namespace Broadcast.Transcoder.Encoders.Probing;

/// <summary>Probe status of an encoder on this machine.</summary>
/// <param name="Encoder">The encoder's name in ffmpeg.</param>
/// <param name="Vendor">The vendor, as named by the option <c>Encoding:Encoder</c>.</param>
/// <param name="Codec"><c>h264</c>, <c>hevc</c> or <c>av1</c>.</param>
/// <param name="IsForRungs">Whether it is used for rungs if it works.</param>
/// <param name="Works">Whether it has encoded frames on this machine and has not failed since.</param>
/// <param name="Error">Failure reason; <see langword="null"/> if it works.</param>
/// <param name="ProbedAt">Time of the probe or failure.</param>
/// <param name="Duration">Duration of the probe.</param>
public sealed record EncoderStatus(string Encoder, string Vendor, string Codec, bool IsForRungs, bool Works, string? Error,
    DateTimeOffset ProbedAt, TimeSpan Duration);

/// <summary>Encoder statuses of this machine, for status pages.</summary>
public interface IEncoderStatuses
{
    /// <summary>Known statuses, those for rungs first; empty before the first probe. Does not block.</summary>
    IReadOnlyList<EncoderStatus> Statuses { get; }

    /// <summary>
    /// Description of the encoder processes' sandbox. The first call tests what the system allows, which takes some milliseconds.
    /// </summary>
    string Sandbox { get; }

    /// <summary>Indicates whether encoder processes are sandboxed.</summary>
    bool IsSandboxed { get; }

    /// <summary>
    /// Description of the restrictions that this machine does not permit, and of the remedy; <see langword="null"/> if all are active.
    /// </summary>
    string? SandboxGaps { get; }

    /// <summary>Probes all encoders again, one after the other. Takes a second or two; with faulty hardware, more than a minute.</summary>
    /// <param name="cancellationToken">Stops the running process.</param>
    Task<IReadOnlyList<EncoderStatus>> ProbeAsync(CancellationToken cancellationToken);
}
