namespace Broadcast.Transcoder.Workers;

/// <summary>Resource limits of a worker.</summary>
/// <param name="OpenFiles">Maximum file descriptors.</param>
/// <param name="FileBytes">
/// Maximum size of a written file, in bytes. Workers use only sockets and pipes, which do not count, but ffmpeg may be a wrapper script
/// that writes a log.
/// </param>
/// <param name="DataBytes">Maximum private memory in bytes; <see langword="null"/> for no limit.</param>
internal sealed record WorkerLimits(int OpenFiles, long FileBytes, long? DataBytes)
{
    private const long Mebibyte = 1L << 20;
    private const long Gibibyte = 1L << 30;

    /// <summary>Maximum CPU time in seconds; <see langword="null"/> for a worker that runs as long as its session.</summary>
    public int? ProcessorSeconds { get; init; }

    /// <summary>Maximum address space in bytes; <see langword="null"/> for no limit.</summary>
    public long? AddressBytes { get; init; }

    /// <summary>Indicates whether the worker runs with low priority, because media comes first.</summary>
    public bool HasLowPriority { get; init; }

    /// <summary>Indicates whether the worker opens the machine's GPU devices.</summary>
    public bool UsesDevices { get; init; }

    /// <summary>
    /// Software decoding and encoding. The memory limit is estimated, not measured: four rungs of a 4K source should take about 1 GiB, and
    /// each thread adds its stack and frames. A frame crafted to exhaust memory kills its worker, not the server.
    /// </summary>
    public static WorkerLimits Software { get; } =
        new(OpenFiles: 256, FileBytes: 64 << 10, (4 * Gibibyte) + (Environment.ProcessorCount * Gibibyte / 4));

    /// <summary>A slate: half a minute of video is decoded and encoded in the size of the source.</summary>
    public static WorkerLimits Slate { get; } = Software with { ProcessorSeconds = 300 };

    /// <summary>The check of an uploaded slate: one frame of at most <see cref="WorkerInput.MaxSlatePixels"/>, encoded small.</summary>
    public static WorkerLimits SlateCheck { get; } = Slate with { DataBytes = 768 * Mebibyte, ProcessorSeconds = 4 };

    /// <summary>Thumbnails and posters: a few frames, through pipes.</summary>
    public static WorkerLimits Image { get; } = new(OpenFiles: 64, FileBytes: 0, DataBytes: null)
    {
        AddressBytes = 3 * Gibibyte, ProcessorSeconds = 10, HasLowPriority = true,
    };

    /// <summary>
    /// GPU decoding and encoding: drivers map GPU memory into the process, open many devices, and cache compiled code in files.
    /// </summary>
    public static WorkerLimits Hardware { get; } = new(OpenFiles: 1024, FileBytes: Gibibyte / 4, DataBytes: null) { UsesDevices = true };
}
