using System.Diagnostics;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;

namespace Broadcast.Storage.Tests;

/// <summary>A spool in a temporary folder, its store, its clock and its log.</summary>
internal sealed class SpoolHarness : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _base;
    private Task _running = Task.CompletedTask;

    public SpoolHarness(IObjectStore? store = null, TimeProvider? time = null, Action<SpoolOptions>? change = null, string? folder = null)
    {
        Store = store ?? Flaky;
        _base = folder ?? Directory.CreateTempSubdirectory("broadcast-spool-").FullName;
        Folder = Path.Combine(_base, "spool");
        Options.RecoverySeconds = 0;
        Options.RetainSeconds = 0;
        change?.Invoke(Options);
        Time = time ?? TimeProvider.System;
        Spool = new Spool(Folder, Store, Options, Time, Log.For<Spool>());
    }

    public FlakyStore Flaky { get; } = new();

    public IObjectStore Store { get; }

    public TimeProvider Time { get; }

    public SpoolOptions Options { get; } = new();

    public string Folder { get; }

    public string Base => _base;

    public CapturingLogger Log { get; } = new();

    public Spool Spool { get; private set; }

    public SpoolHarness Run()
    {
        _running = Spool.RunAsync(_stop.Token);
        return this;
    }

    /// <summary>Opens the state left by kill -9 in a new process: nothing is sealed, flushed or drained.</summary>
    public void Restart()
    {
        Spool.Dispose();
        Spool = new Spool(Folder, Store, Options, Time, Log.For<Spool>());
    }

    public ISpoolFile Write(string name, params byte[][] appends)
    {
        var file = Spool.Open(ObjectName.Parse(name));
        foreach (var bytes in appends)
        {
            file.Append([bytes]);
        }

        return file;
    }

    public async Task<byte[]?> Read(string name, long offset = 0, long? length = null)
    {
        await using var content = await Spool.ReadAsync(ObjectName.Parse(name), offset, length, default);
        return content is null ? null : await ReadAll(content);
    }

    public static async Task<byte[]> ReadAll(SpoolContent content)
    {
        var all = new MemoryStream();
        foreach (var slice in content.Slices ?? [])
        {
            all.Write(slice.Span);
        }

        if (content.Stream is not null)
        {
            await content.Stream.CopyToAsync(all);
        }

        all.Length.ShouldBe(content.Length);
        return all.ToArray();
    }

    public bool OnDisk(string name) => File.Exists(Path.Combine(Folder, name)) || File.Exists(Path.Combine(Folder, name + "~open"));

    public async Task Until(Func<bool> condition, string what = "")
    {
        var began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(began) > Deadline)
            {
                throw new TimeoutException($"Timed out. {what} {Spool.Status()} {Log}");
            }

            (Time as ManualTimeProvider)?.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Delay(5);
        }
    }

    public async Task Until(Func<Task<bool>> condition)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Stopwatch.GetElapsedTime(began).ShouldBeLessThan(Deadline);
            (Time as ManualTimeProvider)?.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Delay(5);
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        Flaky.Release();
        await StopAsync();
        Spool.Dispose();
        _stop.Dispose();
        if (Directory.Exists(_base))
        {
            Directory.Delete(_base, recursive: true);
        }
    }
}
