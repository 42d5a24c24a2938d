using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Broadcast.Testing;

/// <summary>Output and exit code of a finished program.</summary>
public sealed record ProcessResult(int ExitCode, string Output, string Error)
{
    /// <summary>Standard output as JSON.</summary>
    public JsonElement Json() => JsonDocument.Parse(Output).RootElement;

    /// <summary>Returns this result if the program succeeded.</summary>
    /// <exception cref="InvalidOperationException">The program failed; the message contains its output.</exception>
    public ProcessResult EnsureSuccess() => ExitCode == 0 ? this
        : throw new InvalidOperationException($"Exit code {ExitCode}.\n{Output}\n{Error}");
}

/// <summary>
/// A child process: arguments as a list (no shell), both outputs captured by line, signals to its own process only. Disposal kills it and
/// its children.
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

    /// <summary>Process id.</summary>
    public int Id => _process.Id;

    /// <summary>Indicates whether the process has exited.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Exit code; 128 + N after signal N.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Lines of standard output so far.</summary>
    public IReadOnlyList<string> OutputLines => _output.Snapshot();

    /// <summary>Lines of standard error so far.</summary>
    public IReadOnlyList<string> ErrorLines => _error.Snapshot();

    /// <summary>Standard input, if opened with <c>openInput</c>.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Standard output as bytes, if requested with <c>rawOutput</c>.</summary>
    public Stream RawOutput => _process.StandardOutput.BaseStream;

    /// <summary>Starts a program.</summary>
    /// <param name="program">A path, or a name found on PATH.</param>
    /// <param name="arguments">One element per argument.</param>
    /// <param name="environment">Variables added to the inherited environment; <see langword="null"/> removes a variable.</param>
    /// <param name="workingDirectory">Working directory; by default the root of the repository.</param>
    /// <param name="openInput">Keeps standard input open for <see cref="Input"/>; otherwise it is empty.</param>
    /// <param name="rawOutput">Leaves standard output to <see cref="RawOutput"/>. It must be read, otherwise the program blocks.</param>
    public static ChildProcess Start(string program, IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null,
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

    /// <summary>Runs a program to completion and kills it after <paramref name="deadline"/> (60 s by default).</summary>
    /// <exception cref="TimeoutException">The program did not end in time.</exception>
    public static async Task<ProcessResult> RunAsync(string program, IEnumerable<string> arguments, TimeSpan? deadline = null,
        IReadOnlyDictionary<string, string?>? environment = null, string? workingDirectory = null)
    {
        await using var child = Start(program, arguments, environment, workingDirectory);
        var code = await child.WaitForExitAsync(deadline ?? TimeSpan.FromSeconds(60));
        return new ProcessResult(code, child._output.Text(), child._error.Text());
    }

    /// <summary>Returns the first matching line of either output, including lines already written.</summary>
    /// <exception cref="InvalidOperationException">The program ended without a matching line.</exception>
    /// <exception cref="TimeoutException">No matching line was written in time.</exception>
    public async Task<string> WaitForLineAsync(Func<string, bool> fits, TimeSpan deadline)
    {
        string? found = null;
        try
        {
            await Poll.UntilAsync(
                () =>
                {
                    // Checked first: the output before the exit is then complete below.
                    var ended = _output.Completed.IsCompleted && _error.Completed.IsCompleted;
                    found = OutputLines.FirstOrDefault(fits) ?? ErrorLines.FirstOrDefault(fits);
                    return found is not null || ended;
                },
                deadline);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{_name} did not write a matching line within {deadline.TotalSeconds:0.#} s. It wrote:\n{Tail()}",
                e);
        }

        return found ?? throw new InvalidOperationException($"{_name} ended without a matching line.\n{Tail()}");
    }

    /// <summary>Returns the first JSON object on a separate line of standard output.</summary>
    public async Task<JsonElement> WaitForJsonAsync(TimeSpan deadline)
    {
        var line = await WaitForLineAsync(l => l.StartsWith('{') && OutputLines.Contains(l), deadline);
        return JsonDocument.Parse(line).RootElement;
    }

    /// <summary>Waits for the process to exit and for its remaining output; returns the exit code.</summary>
    /// <exception cref="TimeoutException">The process was still running at the deadline.</exception>
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

        // A grandchild can hold the pipes open, so the outputs get one second to complete.
        await Task.WhenAny(Task.WhenAll(_output.Completed, _error.Completed), Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        return _process.ExitCode;
    }

    /// <summary>Sends SIGTERM, waits and returns the exit code.</summary>
    public Task<int> TerminateAsync(TimeSpan deadline)
    {
        Signal(UnixSignal.Terminate);
        return WaitForExitAsync(deadline);
    }

    /// <summary>Sends SIGKILL to this process alone. Its children continue, as after a kill by the kernel.</summary>
    public void Kill() => Signal(UnixSignal.Kill);

    /// <summary>Sends a signal to this process; does nothing after its exit.</summary>
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

/// <summary>Signals sent by tests, with Linux's numbers.</summary>
public enum UnixSignal
{
    /// <summary>SIGINT (Ctrl-C).</summary>
    Interrupt = 2,

    /// <summary>SIGQUIT.</summary>
    Quit = 3,

    /// <summary>SIGKILL.</summary>
    Kill = 9,

    /// <summary>SIGTERM.</summary>
    Terminate = 15,

    /// <summary>SIGCONT.</summary>
    Continue = 18,

    /// <summary>SIGSTOP: suspends the process; its sockets stay open.</summary>
    Stop = 19,
}
