using System.Diagnostics;
using System.Text;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// A process that handles untrusted input. It starts without a shell and without the server's environment, which may contain passwords, in
/// a sandbox (<see cref="Sandbox"/>). Its last error lines are available, and disposal kills it.
/// </summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private const int MaxLines = 12;
    private const int MaxLineLength = 300;

    /// <summary>Environment variables passed to the process.</summary>
    private static readonly string[] Inherited = ["PATH", "LD_LIBRARY_PATH", "LIBVA_DRIVER_NAME", "TMPDIR", "LANG"];

    private readonly Process _process;
    private readonly Queue<string> _lines = new();
    private readonly Action<string>? _onErrorLine;
    private readonly Task _reading;

    private WorkerProcess(Process process, Action<string>? onErrorLine)
    {
        (_process, _onErrorLine) = (process, onErrorLine);
        _reading = ReadLinesAsync(process.StandardError);
    }

    /// <summary>The exit code, after the process has exited.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>The last error lines, oldest first, each truncated.</summary>
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

    /// <summary>
    /// Standard output. Callers that do not read it must call <see cref="DiscardOutputAsync"/>, because a process blocks when the pipe is
    /// full.
    /// </summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Standard input, if it was left open; the caller closes it.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Starts a process.</summary>
    /// <param name="program">Path or name of the program.</param>
    /// <param name="arguments">The arguments, one per element.</param>
    /// <param name="keepsInputOpen">Whether standard input stays open for <see cref="Input"/>; otherwise it is empty.</param>
    /// <param name="limits">Resource limits; default <see cref="WorkerLimits.Software"/>.</param>
    /// <param name="folder">Folder that the process may read, in addition to the system's; <see langword="null"/> for none.</param>
    /// <param name="sockets">Paths of Unix sockets to which the process is connected (<see cref="Sandbox.AddressesOf"/>).</param>
    /// <param name="sandbox">Sandbox; default the strictest that works for the program.</param>
    /// <param name="onErrorLine">Called for each line on standard error.</param>
    /// <exception cref="IOException">The process did not start.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The program does not exist.</exception>
    public static WorkerProcess Start(string program, IEnumerable<string> arguments, bool keepsInputOpen = false,
        WorkerLimits? limits = null, string? folder = null, IReadOnlyList<string>? sockets = null, Sandbox? sandbox = null,
        Action<string>? onErrorLine = null)
    {
        sandbox ??= Sandbox.Of(program, limits ?? WorkerLimits.Software);
        IReadOnlyList<string> commandLine = [.. sandbox.CommandPrefix(folder, sockets), program, .. arguments];
        var start = new ProcessStartInfo(commandLine[0]) { UseShellExecute = false, RedirectStandardInput = true,
            RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in commandLine.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        RemoveSecrets(start);
        var process = WorkerStarter.Start(start) ?? throw new IOException($"{program} could not be started");
        if (!keepsInputOpen)
        {
            process.StandardInput.Close();
        }

        return new WorkerProcess(process, onErrorLine);
    }

    /// <summary>Removes the server's environment, which may contain passwords, except what any program needs.</summary>
    internal static void RemoveSecrets(ProcessStartInfo start)
    {
        foreach (var name in start.Environment.Keys.Except(Inherited, StringComparer.Ordinal).ToList())
        {
            start.Environment.Remove(name);
        }
    }

    /// <summary>Waits for the process to exit, and kills it on cancellation.</summary>
    /// <returns>The exit reason with the last error lines.</returns>
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
        return Explain($"exit code {_process.ExitCode}");
    }

    /// <summary>Reads and discards standard output.</summary>
    public Task DiscardOutputAsync() => Output.CopyToAsync(Stream.Null);

    /// <summary>Reads standard output to the end and returns its beginning.</summary>
    /// <param name="maxLength">Maximum characters returned.</param>
    public async Task<string> ReadOutputAsync(int maxLength)
    {
        var output = new StringBuilder();
        var read = new char[4096];
        for (int count; (count = await _process.StandardOutput.ReadAsync(read)) > 0;)
        {
            output.Append(read, 0, Math.Min(count, maxLength - output.Length));
        }

        return output.ToString();
    }

    /// <summary>Appends the last error lines to a reason.</summary>
    public string Explain(string reason)
    {
        lock (_lines)
        {
            return _lines.Count == 0 ? reason : $"{reason}: {string.Join(" | ", _lines)}";
        }
    }

    /// <summary>Kills the process if it is still running.</summary>
    public async ValueTask DisposeAsync()
    {
        await WaitAsync(new CancellationToken(canceled: true));
        _process.Dispose();
    }

    /// <summary>Collects the last error lines, each truncated.</summary>
    private async Task ReadLinesAsync(StreamReader errors)
    {
        var read = new char[1024];
        var line = new StringBuilder(MaxLineLength);
        for (int count; (count = await errors.ReadAsync(read)) > 0;)
        {
            foreach (var c in read.AsSpan(0, count))
            {
                if (c is '\n' or '\r')
                {
                    AddLine(line);
                }
                else if (line.Length < MaxLineLength)
                {
                    line.Append(c);
                }
            }
        }

        AddLine(line);
    }

    private void AddLine(StringBuilder line)
    {
        if (line.Length == 0)
        {
            return;
        }

        var text = line.ToString();
        _onErrorLine?.Invoke(text);
        lock (_lines)
        {
            _lines.Enqueue(text);
            if (_lines.Count > MaxLines)
            {
                _lines.Dequeue();
            }
        }

        line.Clear();
    }
}
