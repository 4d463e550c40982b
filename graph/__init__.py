"""The LangGraph graph: state, context, builders and the app that LangGraph Studio opens."""
