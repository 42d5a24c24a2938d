using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Broadcast.Ingest;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media.Codecs;

namespace Broadcast.Benchmarks;

/// <summary>The parsers of publisher data on one thread: each loop is warmed up, then run in five parts; the median counts.</summary>
internal static class ParserLoops
{
    private const int Parts = 5;
    private const string Ours = "Broadcast";

    /// <summary>Measures all parsers on one thread.</summary>
    public static Task RunAsync(IngestPlan plan, List<Report> reports, Action<string> progress) =>
        Task.Run(() => Run(plan, reports, progress));

    private static void Run(IngestPlan plan, List<Report> reports, Action<string> progress)
    {
        var items = new Report("Parsers, one thread", "thousands per second", [Ours]);
        var bytes = new Report("Parsers of media, one thread", "MB of message bodies per second", [Ours]);
        var allocated = new Report("Memory allocated by parsers", "bytes each, without message bodies", [Ours]);
        reports.AddRange([items, bytes, allocated]);

        void Count(string name, LoopSpeed speed, bool isToAllocateNothing = false)
        {
            items.Add(name, Aim.None, speed.ItemsPerSecond / 1000);
            allocated.Add(name, isToAllocateNothing ? Aim.AtMost(0, speed.AllocatedEach) : Aim.None, speed.AllocatedEach);
            progress(string.Create(CultureInfo.InvariantCulture,
                $"{name}: {speed.ItemsPerSecond:#,0} per second, {speed.AllocatedEach:0.##} bytes allocated each"));
        }

        var connect = new RtmpMessage(MessageType.Command, 0, 0, EncoderBytes.ConnectBody());
        ReadOnlyMemory<byte> sequenceSet = AvcDecoderConfiguration.Parse(EncoderBytes.AvcRecord).SpsUnits[0];
        Count("chunk headers", Measure(plan.ParserLoop, Headers()), isToAllocateNothing: true);
        Count("AMF commands (connect)", Measure(plan.ParserLoop, Repeat(() => RtmpCommand.Read(connect))));
        Count("AVC configuration records, including SPS",
            Measure(plan.ParserLoop, Repeat(() => AvcDecoderConfiguration.Parse(EncoderBytes.AvcRecord))));
        Count("SPS", Measure(plan.ParserLoop, Repeat(() => AvcSequenceParameterSet.Parse(sequenceSet.Span))));
        foreach (var (chunkSize, isEnhanced) in new[] { (128, false), (4096, false), (65_536, false), (4096, true) })
        {
            var name = string.Create(CultureInfo.InvariantCulture,
                $"chunks of {chunkSize:#,0} → messages → {(isEnhanced ? "E-RTMP" : "FLV")} tags");
            var (loop, bodyBytes) = Messages(chunkSize, isEnhanced);
            var speed = Measure(plan.ParserLoop, loop);
            speed = speed with { AllocatedEach = speed.AllocatedEach - bodyBytes };
            Count(name, speed);
            bytes.Add(name, Aim.None, speed.ItemsPerSecond * bodyBytes / 1e6);
        }
    }

    /// <summary>Measures the speed of a loop.</summary>
    private sealed record LoopSpeed(double ItemsPerSecond, double AllocatedEach);

    /// <param name="length">Total duration of all parts, preceded by half of it as warm-up.</param>
    /// <param name="pass">Runs for at least some microseconds and returns the number of processed items.</param>
    private static LoopSpeed Measure(TimeSpan length, Func<long> pass)
    {
        Time(length / 2, pass, out _);
        var rates = new double[Parts];
        long all = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var part = 0; part < Parts; part++)
        {
            rates[part] = Time(length / Parts, pass, out var count);
            all += count;
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return new LoopSpeed(Sample.Median(rates), (double)allocated / all);
    }

    private static double Time(TimeSpan length, Func<long> pass, out long count)
    {
        var began = Stopwatch.GetTimestamp();
        count = 0;
        TimeSpan elapsed;
        do
        {
            count += pass();
            elapsed = Stopwatch.GetElapsedTime(began);
        }
        while (elapsed < length);

        return count / elapsed.TotalSeconds;
    }

    private static Func<long> Repeat<T>(Func<T> parse) => () =>
    {
        const int Times = 100;
        for (var i = 0; i < Times; i++)
        {
            GC.KeepAlive(parse());
        }

        return Times;
    };

    /// <summary>Chunk headers of all four types in the order produced by small chunks; most are of type 3.</summary>
    private static Func<long> Headers()
    {
        byte[] sixteen = [6, 0, 0, 40, 0, 7, 208, 9, 1, 0, 0, 0, 0x46, 0, 0, 40, 0, 7, 208, 9, 0x86, 0, 0, 40,
            .. Enumerable.Repeat((byte)0xC6, 13)];
        byte[] headers = [.. Enumerable.Repeat(sixteen, 256).SelectMany(h => h)];
        var streams = new ChunkStreams();
        streams.Add(6);
        return () =>
        {
            long count = 0;
            for (var position = 0; position < headers.Length; count++)
            {
                position += ChunkHeader.Read(headers.AsSpan(position), streams, out _);
            }

            return count;
        };
    }

    /// <summary>Parses a publisher's bytes up to access units, as a connection does.</summary>
    private static (Func<long> Loop, double BodyBytes) Messages(int chunkSize, bool isEnhanced)
    {
        var (bytes, bodyBytes) = EncoderBytes.TwoSeconds(chunkSize, isEnhanced);
        var sequence = new ReadOnlySequence<byte>(bytes);
        var options = new IngestOptions();
        var chunks = new ChunkReader(options.LimitsWhilePublishing, options.MinimumChunkSize) { Arena = new PayloadArena() };
        var (video, audio, units) = (new VideoTags(), new AudioTags(), new List<AccessUnit>());
        var (videoConfiguration, audioConfiguration) = EncoderBytes.Configurations(isEnhanced);
        video.Read(videoConfiguration, units);
        audio.Read(audioConfiguration, units);

        long Pass()
        {
            var reader = new SequenceReader<byte>(sequence);
            long media = 0, taken = 0;
            while (chunks.TryRead(ref reader, out var message))
            {
                if (message.Type is not (MessageType.Video or MessageType.Audio))
                {
                    continue;
                }

                units.Clear();
                _ = message.Type == MessageType.Video ? video.Read(message.Payload, units) : audio.Read(message.Payload, units);
                media++;
                taken += units.Count;
            }

            return taken == media && media > 0 ? media
                : throw new InvalidOperationException($"Only {taken} of {media} messages were parsed: the benchmark's media are invalid.");
        }

        return (Pass, (double)bodyBytes / Pass());
    }
}
