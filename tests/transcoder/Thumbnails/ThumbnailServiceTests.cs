using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Tests.Encoders;
using Broadcast.Transcoder.Thumbnails;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Thumbnails;

/// <summary>Many sessions share a few processes.</summary>
public sealed class ThumbnailServiceTests : IDisposable
{
    private readonly TempFolder _folder = TempFolder.Create();

    [Fact]
    public async Task Twelve_sessions_never_exceed_the_process_limit_and_are_all_served()
    {
        // The script must not write file contents, but it can create files: each run stores the number of concurrent runs in a file name.
        var program = Path.Combine(_folder.Path, "program");
        await File.WriteAllTextAsync(program,
            $"#!/bin/sh\ncd {_folder.Path}\ntouch running.$$\ncat >/dev/null\nsleep 0.1\ntouch seen.$(ls running.* | wc -l)\ntouch "
            + "ran.$$\nrm running.$$\nexit 1\n");
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        var frames = new Received();
        await WorkAsync(program, 12, frames, () => Directory.GetFiles(_folder.Path, "ran.*").Length == 12);

        Directory.GetFiles(_folder.Path, "seen.*").Select(file => int.Parse(file.Split('.')[^1])).Max().ShouldBeLessThanOrEqualTo(2);
        frames.Offered.ShouldBeEmpty();
    }

    [Fact]
    public async Task Each_session_gets_its_own_poster()
    {
        var frames = new Received();
        var objects = await WorkAsync("ffmpeg", 3, frames, () => frames.Offered.Count == 3);

        frames.Offered.Select(item => item.Channel.Value).ShouldBe(["c0", "c1", "c2"], ignoreOrder: true);
        frames.Offered.Select(item => item.Frame).ShouldAllBe(frame => frame is SessionImage.Poster
            && ((SessionImage.Poster)frame).Width == 320);
        objects.CachedReads.ShouldBe(0, "a cache would load whole segments, of which only a keyframe is needed");
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<TwoObjects> WorkAsync(string program, int sessions, Received frames, Func<bool> isDone)
    {
        var sample = (await CodedFrames.CreateImageAsync("color=red:s=320x180:r=30:d=0.1"))[0];
        byte[] init = InitSegmentWriter.Write(sample.Track);
        byte[] part = [.. new FragmentWriter().Write(new FragmentHeader(1, 0, SegmentTypeBox.Segment),
            [new FragmentSample(3000, sample.Payload.Length, IsSync: true)]), .. sample.Payload.Span];
        var options = Options.Create(new ThumbnailOptions { MaxProcesses = 2 });
        var desk = new ThumbnailScheduler(options, TimeProvider.System);
        var objects = new TwoObjects(init, part);
        using var workshop = new ThumbnailService(
            desk, objects, frames, options, Options.Create(new EncodingOptions { Ffmpeg = program }),
            NullLogger<ThumbnailService>.Instance);
        for (var i = 0; i < sessions; i++)
        {
            desk.Append(ChannelName.Parse($"c{i}"), SessionId.New(DateTimeOffset.UnixEpoch),
            [
                new TimelineEvent.RenditionAdded("source", TrackKind.Video),
                new TimelineEvent.InitReady("source", 1, new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, 320, 180, 30, 0, 0,
                    null), ObjectName.Parse("init"), init.Length),
                new TimelineEvent.PartReady("source", 1, 0, 1, MediaTime.Zero(90_000), new(3000, 90_000), Independent: true,
                    DateTimeOffset.UnixEpoch, ObjectName.Parse("part"), 0, part.Length),
            ]);
        }

        await workshop.StartAsync(CancellationToken.None);
        await Poll.UntilAsync(isDone, TimeSpan.FromSeconds(60));
        await workshop.StopAsync(CancellationToken.None);
        return objects;
    }

    private sealed class Received : IImageSink
    {
        public ConcurrentBag<(ChannelName Channel, SessionImage Frame)> Offered { get; } = [];

        public void Offer(ChannelName channel, SessionId session, SessionImage frame) => Offered.Add((channel, frame));
    }

    private sealed class TwoObjects(byte[] init, byte[] part) : ISpool
    {
        private int _cachedReads;

        public int CachedReads => _cachedReads;

        public ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _cachedReads);
            return ReadOnceAsync(name, offset, length, cancellationToken);
        }

        public ValueTask<SpoolContent?> ReadOnceAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
        {
            var bytes = name.Value == "init" ? init : part;
            return ValueTask.FromResult<SpoolContent?>(new SpoolContent([bytes.AsMemory(0, 10), bytes.AsMemory(10)], 0, bytes.Length,
                bytes.Length));
        }

        public ISpoolFile Open(ObjectName name) => throw new NotSupportedException();

        public IReadOnlyList<ObjectInfo> List(string prefix) => throw new NotSupportedException();

        public void Delete(IReadOnlyCollection<ObjectName> names) => throw new NotSupportedException();

        public void DeleteAll(string prefix) => throw new NotSupportedException();
    }
}
