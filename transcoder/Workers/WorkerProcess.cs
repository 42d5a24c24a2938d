using System.Diagnostics;
using System.Text;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// A process that works on a stranger's bytes: started without a shell and without our environment, in which passwords may stand, and confined as far as this machine can (<see cref="Confinement"/>); its last
/// lines are kept, and it is ended when it is not wanted any more.
/// </summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private const int KeptLines = 12;
    private const int LongestLine = 300;

    /// <summary>What the process gets of our environment.</summary>
    private static readonly string[] Inherited = ["PATH", "LD_LIBRARY_PATH", "LIBVA_DRIVER_NAME", "TMPDIR", "LANG"];

    private readonly Process _process;
    private readonly Queue<string> _lines = new();
    private readonly Action<string>? _heard;
    private readonly Task _reading;

    private WorkerProcess(Process process, Action<string>? heard)
    {
        (_process, _heard) = (process, heard);
        _reading = ReadLinesAsync(process.StandardError);
    }

    /// <summary>The exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>What it said last, oldest first, each line no longer than a bound.</summary>
    public IReadOnlyList<string> LastLines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Its standard output. Whoever does not read it calls <see cref="DiscardOutputAsync"/>, because a process whose output nobody reads stops when the pipe is full.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Its standard input, where it was left open; closing it is the caller's business.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Starts one.</summary>
    /// <param name="program">Path or name.</param>
    /// <param name="arguments">One by one.</param>
    /// <param name="isFed">Whether its standard input stays open for <see cref="Input"/>; else it is empty.</param>
    /// <param name="limits">What it may use; <see cref="WorkerLimits.Processor"/> where nothing is said.</param>
    /// <param name="reaches">Another program that it starts, and so must be able to reach.</param>
    /// <param name="heard">Called for each line that it says on its standard error, as far as lines are kept.</param>
    /// <exception cref="IOException">It did not start.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public static WorkerProcess Start(string program, IEnumerable<string> arguments, bool isFed = false, WorkerLimits? limits = null, string? reaches = null, Action<string>? heard = null)
    {
        IReadOnlyList<string> words = [.. Confinement.Of(reaches ?? program, limits ?? WorkerLimits.Processor).Prefix, program, .. arguments];
        var start = new ProcessStartInfo(words[0]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in words.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Except(Inherited, StringComparer.Ordinal).ToList())
        {
            start.Environment.Remove(name);
        }

        var process = WorkerStarter.Start(start) ?? throw new IOException($"{program} did not start");
        if (!isFed)
        {
            process.StandardInput.Close();
        }

        return new WorkerProcess(process, heard);
    }

    /// <summary>Waits for its end, and ends it when the wait is.</summary>
    /// <returns>How it ended, in plain words, with what it said last.</returns>
    public async Task<string> WaitAsync(CancellationToken stop)
    {
        try
        {
            await _process.WaitForExitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        await _reading;
        return Explain($"it ended with exit code {_process.ExitCode}");
    }

    /// <summary>Reads its standard output to the end and throws it away.</summary>
    public Task DiscardOutputAsync() => Output.CopyToAsync(Stream.Null);

    /// <summary>Reads its standard output to the end and keeps the beginning.</summary>
    /// <param name="longest">Characters kept.</param>
    public async Task<string> ReadOutputAsync(int longest)
    {
        var kept = new StringBuilder();
        var read = new char[4096];
        for (int count; (count = await _process.StandardOutput.ReadAsync(read)) > 0;)
        {
            kept.Append(read, 0, Math.Min(count, longest - kept.Length));
        }

        return kept.ToString();
    }

    /// <summary>Words of ours with what it said last behind them.</summary>
    public string Explain(string reason)
    {
        lock (_lines)
        {
            return _lines.Count == 0 ? reason : $"{reason}: {string.Join(" | ", _lines)}";
        }
    }

    /// <summary>Ends it where it has not ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await WaitAsync(new CancellationToken(canceled: true));
        _process.Dispose();
    }

    /// <summary>Keeps the last lines, and of each no more than its beginning, however long it is.</summary>
    private async Task ReadLinesAsync(StreamReader errors)
    {
        var read = new char[1024];
        var line = new StringBuilder(LongestLine);
        for (int count; (count = await errors.ReadAsync(read)) > 0;)
        {
            foreach (var c in read.AsSpan(0, count))
            {
                if (c is '\n' or '\r')
                {
                    Keep(line);
                }
                else if (line.Length < LongestLine)
                {
                    line.Append(c);
                }
            }
        }

        Keep(line);
    }

    private void Keep(StringBuilder line)
    {
        if (line.Length == 0)
        {
            return;
        }

        var said = line.ToString();
        _heard?.Invoke(said);
        lock (_lines)
        {
            _lines.Enqueue(said);
            if (_lines.Count > KeptLines)
            {
                _lines.Dequeue();
            }
        }

        line.Clear();
    }
}
