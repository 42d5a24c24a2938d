namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Threads of a worker. Each of a decoder's holds a picture back, and so does each of an encoder's that is not hurried, where one that is cuts every picture into as many slices: on machines with many processors ffmpeg's own
/// choice would cost a second of delay, or quality. On small ones it is kept.
/// </summary>
/// <param name="Decode">Threads that decode the source.</param>
/// <param name="Encode">Threads of each rung's encoder.</param>
internal sealed record WorkerThreads(int Decode, int Encode)
{
    /// <summary>Threads that decode 2160p60 faster than live.</summary>
    public const int MostDecoding = 6;

    /// <summary>Threads that encode 1440p60 faster than live.</summary>
    public const int MostEncoding = 8;

    /// <summary>What a machine is best used with: as many as ffmpeg and x264 would take, up to a limit.</summary>
    /// <param name="processors">How many it has, at least 1.</param>
    public static WorkerThreads For(int processors) => new(Math.Min(processors + 1, MostDecoding), Math.Clamp(processors * 3 / 2, 1, MostEncoding));
}
