using System.Globalization;
using Broadcast.Fuzz.Tests.Targets;

namespace Broadcast.Fuzz.Tests;

/// <summary>
/// <c>fuzz [--minutes N] [--seed N] [TARGET…]</c>: searches the targets in turn for the given time. Exit code 1 if a failure was found.
/// Finds are minimized and stored under <c>tests/fuzz/finds</c>, and run by the tests from then on.
/// </summary>
internal static class FuzzRun
{
    private const int Batch = 500;

    public static int Run(string[] arguments)
    {
        var minutes = double.Parse(Option(arguments, "--minutes") ?? "1", CultureInfo.InvariantCulture);
        var seed = int.Parse(Option(arguments, "--seed") ?? "1", CultureInfo.InvariantCulture);
        var names = arguments.Where((a, i) => !a.StartsWith('-') && (i == 0 || !arguments[i - 1].StartsWith('-'))).ToList();
        if (names.Find(n => All.Targets.All(t => t.Name != n)) is { } unknown)
        {
            Console.Error.WriteLine($"There is no target '{unknown}': {string.Join(", ", All.Targets.Select(t => t.Name))}.");
            return 2;
        }

        var searches = All.Targets.Where(t => names.Count == 0 || names.Contains(t.Name, StringComparer.Ordinal))
            .Select((t, i) => new Search(t, new Fuzzer(t, Seeds.Of(t.Name), new Random(unchecked((seed * 1000) + i))))).ToList();
        using var watchdog = new Watchdog(Hung);
        var time = TimeProvider.System;
        var began = time.GetTimestamp();
        var finds = 0;
        while (time.GetElapsedTime(began).TotalMinutes < minutes)
        {
            // The target with the least time so far is next, so that slow parsers get as much time as fast ones.
            var next = searches.MinBy(s => s.Spent)!;
            var since = time.GetTimestamp();
            next.Fuzzer.Run(Batch, (input, failure) =>
            {
                finds++;
                Notify(next.Target, input, failure);
            }, watchdog);
            next.Spent += time.GetElapsedTime(since);
        }

        Console.WriteLine($"{"target",-12} {"inputs",12} {"a second",9} {"outcomes",9} {"kept",6}");
        foreach (var search in searches)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{search.Target.Name,-12} {search.Fuzzer.Runs,12:n0} {search.Fuzzer.Runs / Math.Max(0.001, search.Spent.TotalSeconds),9:n0} {search.Fuzzer.Shapes,9:n0} {search.Fuzzer.Kept,6:n0}"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{searches.Sum(s => s.Fuzzer.Runs):n0} inputs in {time.GetElapsedTime(began).TotalMinutes:0.0} min, seed {seed}: {finds} found"));
        return finds == 0 ? 0 : 1;
    }

    private static void Notify(FuzzTarget target, byte[] input, string failure)
    {
        Directory.CreateDirectory(Seeds.Finds);
        var path = Seeds.FindPath(target.Name, input);
        File.WriteAllBytes(path, input);
        Console.Error.WriteLine($"FOUND in {target.Name}, {input.Length} bytes: {failure}\n  {path}");
    }

    private static void Hung(FuzzTarget target, byte[] input)
    {
        Notify(target, input, "does not come to an end");
        Environment.Exit(1);
    }

    private static string? Option(string[] arguments, string name) => arguments.SkipWhile(a => a != name).Skip(1).FirstOrDefault();

    private sealed class Search(FuzzTarget target, Fuzzer fuzzer)
    {
        public FuzzTarget Target => target;

        public Fuzzer Fuzzer => fuzzer;

        public TimeSpan Spent { get; set; }
    }
}
