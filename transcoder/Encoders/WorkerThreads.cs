namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Thread counts of a worker. Each decoder thread holds a frame, as does each encoder thread with lookahead; without lookahead, every frame
/// is split into as many slices. On machines with many cores ffmpeg's default would cost a second of latency, or quality. On small machines
/// the default is used.
/// </summary>
/// <param name="Decode">Decoder threads.</param>
/// <param name="Encode">Encoder threads per rung.</param>
internal sealed record WorkerThreads(int Decode, int Encode)
{
    /// <summary>
    /// Maximum decoder threads. Chosen for latency; the largest source that they sustain on a large machine was not measured.
    /// </summary>
    public const int MaxDecoderThreads = 6;

    /// <summary>Maximum encoder threads per rung; chosen likewise.</summary>
    public const int MaxEncoderThreads = 8;

    /// <summary>Thread counts for a machine: ffmpeg's and x264's defaults, up to the maximum.</summary>
    /// <param name="processors">Number of logical processors, at least 1.</param>
    public static WorkerThreads For(int processors) =>
        new(Math.Min(processors + 1, MaxDecoderThreads), Math.Clamp(processors * 3 / 2, 1, MaxEncoderThreads));
}
