namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Threads of a worker. Each of a decoder's holds a picture back, and so does each of an encoder's that is not hurried, where one that is cuts every picture into as many slices: on machines with many processors ffmpeg's own
/// choice would cost a second of delay, or quality. On small ones it is kept.
/// </summary>
/// <param name="Decode">Threads that decode the source.</param>
/// <param name="Encode">Threads of each rung's encoder.</param>
internal sealed record WorkerThreads(int Decode, int Encode)
{
    /// <summary>Most that decode. How much delay is borne decides; how large a source they keep up with on a large machine has not been measured.</summary>
    public const int MostDecoding = 6;

    /// <summary>Most that encode a rung; the same holds.</summary>
    public const int MostEncoding = 8;

    /// <summary>What a machine is best used with: as many as ffmpeg and x264 would take, up to a limit.</summary>
    /// <param name="processors">How many it has, at least 1.</param>
    public static WorkerThreads For(int processors) => new(Math.Min(processors + 1, MostDecoding), Math.Clamp(processors * 3 / 2, 1, MostEncoding));
}
