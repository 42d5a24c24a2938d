namespace Broadcast.Ingest.Publishing;

/// <summary>State of a publication that has not started.</summary>
/// <param name="HasVideo">Whether a video configuration has arrived.</param>
/// <param name="HasAudio">Whether an audio configuration has arrived.</param>
/// <param name="ExpectsVideo">Whether the metadata declares video; <see langword="null"/> when it declares no media.</param>
/// <param name="ExpectsAudio">Whether the metadata declares audio; <see langword="null"/> when it declares no media.</param>
/// <param name="Media">Duration of the received media, from the first to the last sample.</param>
/// <param name="Waited">Wall-clock time since the first configuration.</param>
/// <param name="HeldSamples">Number of held samples.</param>
/// <param name="HeldBytes">Bytes of the held samples.</param>
/// <param name="Missing">Number of tracks that the metadata announces by number without a configuration so far.</param>
internal readonly record struct PendingPublication(
    bool HasVideo, bool HasAudio, bool? ExpectsVideo, bool? ExpectsAudio, TimeSpan Media, TimeSpan Waited, int HeldSamples, long HeldBytes,
    int Missing = 0)
{
    /// <summary>Maximum duration of media to hold while waiting for the other media type or further tracks.</summary>
    public static readonly TimeSpan MaxHeldMedia = TimeSpan.FromSeconds(1);

    /// <summary>Maximum wall-clock time to wait for the other media type or further tracks.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(2);

    /// <summary>Maximum number of held samples.</summary>
    public const int MaxSamples = 512;

    /// <summary>Maximum bytes of held samples.</summary>
    public const long MaxBytes = 16 * 1024 * 1024;

    /// <summary>Indicates whether the publication can start. A track that arrives later appears in the samples.</summary>
    public bool IsReady =>
        (Missing == 0 && ((HasVideo && HasAudio) || (HasVideo && ExpectsAudio == false) || (HasAudio && ExpectsVideo == false)))
        || ((HasVideo || HasAudio)
            && (Media >= MaxHeldMedia || Waited >= MaxWait || HeldSamples >= MaxSamples || HeldBytes >= MaxBytes));
}
