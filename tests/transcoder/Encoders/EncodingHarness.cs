using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Probing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>The rungs of a publication, encoded by ffmpeg or by a script in its place, and their output.</summary>
internal sealed class EncodingHarness : IDisposable
{
    private readonly TempFolder _folder = TempFolder.Create();
    private readonly Channel<RenditionSample> _renditions = Channel.CreateBounded<RenditionSample>(10_000);

    public string Folder => _folder.Path;

    /// <summary>Number of unread output frames.</summary>
    public int Count => _renditions.Reader.Count;

    public RungEncoder Encoder(string program, string ladder, string latency, EncoderSelector? choice = null) => new(
        new EncodingOptions { Ffmpeg = program },
        choice ?? EncoderSelector.SoftwareOnly(TimeProvider.System),
        new BroadcastSession(ChannelName.Parse("main"), SessionId.New(DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch,
            LatencyProfile.Find(latency)!),
        ladder, _renditions.Writer, TimeProvider.System, NullLogger.Instance);

    /// <summary>Writes a shell script in place of ffmpeg.</summary>
    public async Task<string> ProgramAsync(string script)
    {
        var program = Path.Combine(_folder.Path, "ffmpeg");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{script}\n");
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        return program;
    }

    /// <summary>Probes the encoders of such a script.</summary>
    public static async Task<EncoderSelector> ProvedAsync(string program)
    {
        var choice = new EncoderSelector(Options.Create(new EncodingOptions { Ffmpeg = program }), TimeProvider.System,
            NullLogger<EncoderSelector>.Instance);
        await choice.ProbeAsync(default);
        return choice;
    }

    public async Task EncodeAsync(string program, string ladder, string latency, IReadOnlyList<MediaSample> source) =>
        await EncodeAsync(program, ladder, latency, source, atLeast: 0);

    /// <summary>
    /// The same, waiting for output before the end, for machines too busy to finish within the time after the end of input.
    /// </summary>
    /// <param name="program">Path of ffmpeg.</param>
    /// <param name="ladder">Ladder in the format of a channel.</param>
    /// <param name="latency">Latency profile.</param>
    /// <param name="source">The complete source.</param>
    /// <param name="atLeast">Number of frames of all rungs to wait for before the end.</param>
    public async Task EncodeAsync(string program, string ladder, string latency, IReadOnlyList<MediaSample> source, int atLeast)
    {
        await using var encoder = Encoder(program, ladder, latency);
        foreach (var sample in source)
        {
            encoder.Push(sample);
        }

        await Poll.UntilAsync(() => Count >= atLeast, TimeSpan.FromSeconds(60));
    }

    /// <summary>Reads all output by rung. No more output may follow.</summary>
    public Dictionary<string, List<MediaSample>> Read()
    {
        _renditions.Writer.TryComplete();
        var read = new Dictionary<string, List<MediaSample>>();
        while (_renditions.Reader.TryRead(out var sample))
        {
            read.TryAdd(sample.Rendition.Name, []);
            read[sample.Rendition.Name].Add(sample.Sample);
        }

        return read;
    }

    public void Dispose() => _folder.Dispose();
}
