using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// Starts processes from one thread that lives as long as we do: the kernel ends a process that asked to die with its parent when the thread that started it ends, and those of the pool come and go.
/// </summary>
internal static class WorkerStarter
{
    private static readonly Lock Turn = new();
    private static readonly object Door = new();
    private static Func<Process?>? _request;
    private static Process? _started;
    private static Exception? _failure;
    private static bool _isOpen;

    /// <summary>Starts a process, which takes a few milliseconds.</summary>
    /// <param name="start">What to start.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static Process? Start(ProcessStartInfo start)
    {
        lock (Turn)
        {
            lock (Door)
            {
                if (!_isOpen)
                {
                    _isOpen = true;
                    new Thread(Serve) { IsBackground = true, Name = "worker starter" }.Start();
                }

                (_request, _started, _failure) = (() => Process.Start(start), null, null);
                Monitor.PulseAll(Door);
                while (_request is not null)
                {
                    Monitor.Wait(Door);
                }

                if (_failure is not null)
                {
                    ExceptionDispatchInfo.Throw(_failure);
                }

                return _started;
            }
        }
    }

    private static void Serve()
    {
        lock (Door)
        {
            while (true)
            {
                while (_request is null)
                {
                    Monitor.Wait(Door);
                }

                try
                {
                    _started = _request();
                }
                catch (Exception e)
                {
                    _failure = e;
                }

                _request = null;
                Monitor.PulseAll(Door);
            }
        }
    }
}
