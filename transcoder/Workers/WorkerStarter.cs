using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// Starts processes from one permanent thread. With a parent-death signal, the kernel kills a process when the thread that started it ends,
/// and thread pool threads come and go.
/// </summary>
internal static class WorkerStarter
{
    private static readonly Lock RequestLock = new();
    private static readonly object Signal = new();
    private static Func<Process?>? _request;
    private static Process? _started;
    private static Exception? _failure;
    private static bool _isRunning;

    /// <summary>Starts a process, which takes a few milliseconds.</summary>
    /// <param name="start">Start information.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The process cannot be started.</exception>
    public static Process? Start(ProcessStartInfo start)
    {
        lock (RequestLock)
        {
            lock (Signal)
            {
                if (!_isRunning)
                {
                    _isRunning = true;
                    new Thread(Serve) { IsBackground = true, Name = "worker starter" }.Start();
                }

                (_request, _started, _failure) = (() => Process.Start(start), null, null);
                Monitor.PulseAll(Signal);
                while (_request is not null)
                {
                    Monitor.Wait(Signal);
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
        lock (Signal)
        {
            while (true)
            {
                while (_request is null)
                {
                    Monitor.Wait(Signal);
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
                Monitor.PulseAll(Signal);
            }
        }
    }
}
