using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Broadcast.Testing;

/// <summary>What a finished program said.</summary>
public sealed record ProcessResult(int ExitCode, string Output, string Error)
{
    /// <summary>Standard output as JSON.</summary>
    public JsonElement Json() => JsonDocument.Parse(Output).RootElement;

    /// <summary>This result, when the program ended well.</summary>
    /// <exception cref="InvalidOperationException">It did not; what it said is in the message.</exception>
    public ProcessResult EnsureSuccess() => ExitCode == 0 ? this : throw new InvalidOperationException($"Exit code {ExitCode}.\n{Output}\n{Error}");
}

/// <summary>
/// A program that a test started: arguments as a list (no shell), both outputs captured by line, signals by its own pid only.
/// Disposing kills it and its children when it still runs.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptLines = 20_000;

    private readonly Process _process;
    private readonly Lines _output;
    private readonly Lines _error;
    private readonly string _name;

    private ChildProcess(Process process, string name, bool captureOutput)
    {
        _process = process;
        _name = name;
        _output = captureOutput ? new Lines(process.StandardOutput) : Lines.None;
        _error = new Lines(process.StandardError);
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Its exit code; 128 + N when signal N ended it.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Lines of standard output so far.</summary>
    public IReadOnlyList<string> OutputLines => _output.Snapshot();

    /// <summary>Lines of standard error so far.</summary>
    public IReadOnlyList<string> ErrorLines => _error.Snapshot();

    /// <summary>Standard input, when asked for with <c>openInput</c>.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Standard output as bytes, when asked for with <c>rawOutput</c>.</summary>
    public Stream RawOutput => _process.StandardOutput.BaseStream;

    /// <summary>Starts a program.</summary>
    /// <param name="program">A path, or a name found on the PATH.</param>
    /// <param name="arguments">One element per argument.</param>
    /// <param name="environment">Added to the inherited environment; <see langword="null"/> as a value removes a variable.</param>
    /// <param name="workingDirectory">The repository's root when not given.</param>
    /// <param name="openInput">Keeps standard input open for <see cref="Input"/>; otherwise it is at its end from the start.</param>
    /// <param name="rawOutput">Leaves standard output to <see cref="RawOutput"/>: read it, or the program stalls.</param>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null,
        string? workingDirectory = null, bool openInput = false, bool rawOutput = false)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = workingDirectory ?? Repository.Root,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        if (!openInput)
        {
            process.StandardInput.Close();
        }

        return new ChildProcess(process, Path.GetFileName(program), captureOutput: !rawOutput);
    }

    /// <summary>Runs a program to its end. One that outlives <paramref name="deadline"/> (60 s when not given) is killed.</summary>
    /// <exception cref="TimeoutException">It did not end in time.</exception>
    public static async Task<ProcessResult> RunAsync(string program, IEnumerable<string> arguments, TimeSpan? deadline = null,
        IReadOnlyDictionary<string, string?>? environment = null, string? workingDirectory = null)
    {
        await using var child = Start(program, arguments, environment, workingDirectory);
        var code = await child.WaitForExitAsync(deadline ?? TimeSpan.FromSeconds(60));
        return new ProcessResult(code, child._output.Text(), child._error.Text());
    }

    /// <summary>The first line of either output that fits, also among those already written.</summary>
    /// <exception cref="InvalidOperationException">The program ended without one.</exception>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    public async Task<string> WaitForLineAsync(Func<string, bool> fits, TimeSpan deadline)
    {
        string? found = null;
        try
        {
            await Poll.UntilAsync(
                () =>
                {
                    // Whether it has ended is asked first: what it wrote before that is then complete below.
                    var ended = _output.Completed.IsCompleted && _error.Completed.IsCompleted;
                    found = OutputLines.FirstOrDefault(fits) ?? ErrorLines.FirstOrDefault(fits);
                    return found is not null || ended;
                },
                deadline);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{_name} did not write the line waited for within {deadline.TotalSeconds:0.#} s. It wrote:\n{Tail()}", e);
        }

        return found ?? throw new InvalidOperationException($"{_name} ended without the line waited for.\n{Tail()}");
    }

    /// <summary>The first JSON object that stands on a line of its own on standard output.</summary>
    public async Task<JsonElement> WaitForJsonAsync(TimeSpan deadline)
    {
        var line = await WaitForLineAsync(l => l.StartsWith('{') && OutputLines.Contains(l), deadline);
        return JsonDocument.Parse(line).RootElement;
    }

    /// <summary>Waits for its end and for the last of its output; returns the exit code.</summary>
    /// <exception cref="TimeoutException">It still ran at the deadline.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan deadline)
    {
        using var timeout = new CancellationTokenSource(deadline, TimeProvider.System);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"{_name} did not end within {deadline.TotalSeconds:0.#} s.\n{Tail()}", e);
        }

        // A grandchild may hold the pipes open: the outputs get a second to complete, not for ever.
        await Task.WhenAny(Task.WhenAll(_output.Completed, _error.Completed), Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        return _process.ExitCode;
    }

    /// <summary>SIGTERM, then waits; returns the exit code.</summary>
    public Task<int> TerminateAsync(TimeSpan deadline)
    {
        Signal(UnixSignal.Terminate);
        return WaitForExitAsync(deadline);
    }

    /// <summary>SIGKILL to this process alone: its children live on, as they do when the kernel kills it.</summary>
    public void Kill() => Signal(UnixSignal.Kill);

    /// <summary>Sends a signal to this process; nothing happens when it has ended.</summary>
    public void Signal(UnixSignal signal)
    {
        if (!_process.HasExited)
        {
            _ = NativeMethods.Kill(_process.Id, (int)signal);
        }
    }

    /// <summary>The last lines of both outputs, for messages.</summary>
    public string Tail(int lines = 40) => string.Join('\n', OutputLines.TakeLast(lines).Concat(ErrorLines.TakeLast(lines)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Signal(UnixSignal.Continue);
            _process.Kill(entireProcessTree: true);
            await WaitForExitAsync(TimeSpan.FromSeconds(10));
        }

        _process.Dispose();
    }

    private sealed class Lines
    {
        private readonly Lock _gate = new();
        private readonly Queue<string> _lines = new();

        public Lines(StreamReader reader) => Completed = ReadAsync(reader);

        private Lines() => Completed = Task.CompletedTask;

        public static Lines None { get; } = new();

        public Task Completed { get; }

        public IReadOnlyList<string> Snapshot()
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }

        public string Text() => string.Join('\n', Snapshot());

        private async Task ReadAsync(StreamReader reader)
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                lock (_gate)
                {
                    _lines.Enqueue(line);
                    if (_lines.Count > KeptLines)
                    {
                        _lines.Dequeue();
                    }
                }
            }
        }
    }

    internal static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int pid, int signal);
    }
}

/// <summary>The signals that tests send, with Linux's numbers.</summary>
public enum UnixSignal
{
    /// <summary>SIGINT, Ctrl-C.</summary>
    Interrupt = 2,

    /// <summary>SIGQUIT.</summary>
    Quit = 3,

    /// <summary>SIGKILL.</summary>
    Kill = 9,

    /// <summary>SIGTERM.</summary>
    Terminate = 15,

    /// <summary>SIGCONT.</summary>
    Continue = 18,

    /// <summary>SIGSTOP: the process hangs, its sockets stay open.</summary>
    Stop = 19,
}
